"""A home directory: its layout, its version and its secrets.

home.json       what made it: layout number, PostgreSQL major version
secrets.json    passwords of the database roles and of Redis (mode 0600)
lock            held while an archive runs on this home
run.json        where the running archive listens (mode 0600); absent otherwise
postgres/       the data directory
work/           results, uploads, staged products
log/            one file a child process
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from service.errors import StarhaulError

LAYOUT = 1
POSTGRES_MAJOR = 18


class HomeError(StarhaulError):
    """The home directory cannot be used as it is; the message says what to do."""

    title = "Home directory"


class HomeInUse(HomeError):
    """An archive runs on this home."""


@dataclass(frozen=True)
class Home:
    """Paths of one home directory; `root` is absolute."""

    root: Path

    @property
    def version_file(self) -> Path:
        return self.root / "home.json"

    @property
    def secrets_file(self) -> Path:
        return self.root / "secrets.json"

    @property
    def run_file(self) -> Path:
        return self.root / "run.json"

    @property
    def lock_file(self) -> Path:
        return self.root / "lock"

    @property
    def postgres_data(self) -> Path:
        return self.root / "postgres"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def work(self) -> Path:
        return self.root / "work"


@dataclass(frozen=True)
class Secrets:
    """Passwords made once for a home."""

    superuser: str
    owner: str
    reader: str
    redis: str


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; only this user may read it."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def open_home(path: Path) -> Home:
    """The home directory at `path`, made where there is none.

    Raises HomeError for the home of another version, for a directory with other contents, and
    for one that this user may not use.
    """
    home = Home(path)
    try:
        if not path.exists():
            # Search permission alone lets the database's user through to its data.
            path.mkdir(parents=True, mode=0o711)
        if home.version_file.exists():
            _check_version(home)
        elif any(entry.name != "lock" for entry in path.iterdir()):
            raise HomeError(
                f"{path} holds other files and no home.json: it is no home of Starhaul; "
                "name an empty or a new directory with --home"
            )
        home.log.mkdir(mode=0o700, exist_ok=True)
        home.work.mkdir(mode=0o700, exist_ok=True)
        if not home.version_file.exists():
            version = {"layout": LAYOUT, "postgresql": POSTGRES_MAJOR}
            write_private(home.version_file, json.dumps(version) + "\n")
    except PermissionError as error:
        raise HomeError(
            f"no permission for {error.filename}: run as the user who owns the home {path}, "
            "or choose another one with --home"
        ) from None
    except NotADirectoryError:
        raise HomeError(f"{path} is no directory; choose another one with --home") from None
    return home


def _check_version(home: Home) -> None:
    try:
        version = json.loads(home.version_file.read_text())
        layout, major = int(version["layout"]), int(version["postgresql"])
    except (ValueError, KeyError, TypeError):
        raise HomeError(
            f"{home.version_file} is damaged; a sound one of this version reads "
            f'{{"layout": {LAYOUT}, "postgresql": {POSTGRES_MAJOR}}}'
        ) from None
    if layout > LAYOUT or major > POSTGRES_MAJOR:
        raise HomeError(
            f"{home.root} was made by a newer Starhaul (layout {layout}, PostgreSQL {major}; "
            f"this one has layout {LAYOUT}, PostgreSQL {POSTGRES_MAJOR}); update this one: "
            "git pull && make install"
        )
    if layout < LAYOUT or major < POSTGRES_MAJOR:
        raise HomeError(
            f"{home.root} was made by an older Starhaul (layout {layout}, PostgreSQL {major}; "
            f"this one has layout {LAYOUT}, PostgreSQL {POSTGRES_MAJOR}); upgrade it: start "
            "it with that version once more, save it with pg_dump --format=custom, and load it "
            "into a new home with pg_restore (docs/operations.md, Upgrades)"
        )


def load_secrets(home: Home) -> Secrets:
    """The home's passwords, made at first use."""
    if not home.secrets_file.exists():
        made = {name: secrets.token_urlsafe(24) for name in Secrets.__dataclass_fields__}
        write_private(home.secrets_file, json.dumps(made) + "\n")
    return Secrets(**json.loads(home.secrets_file.read_text()))
