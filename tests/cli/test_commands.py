"""The commands beside `up`: what they print, and how they fail."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.config import Settings
from tests.conftest import Stack

STARHAUL = (sys.executable, "-P", "-m", "service.cli")


def starhaul(
    *arguments: str, stdin: str = "", **environment: str
) -> "subprocess.CompletedProcess[str]":
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("STARHAUL_")}
    return subprocess.run(
        [*STARHAUL, *arguments],
        env=inherited | environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_init_of_a_home_then_again(tmp_path: Path) -> None:
    for _ in range(2):
        done = starhaul("init", "--home", str(tmp_path / "home"))
        assert (done.returncode, done.stdout) == (0, "")
        assert "this version's schema" in done.stderr


def test_init_of_a_database(settings: Settings) -> None:
    assert settings.database_url is not None
    assert starhaul("init", STARHAUL_DATABASE_URL=settings.database_url).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "message"),
    [
        (("init",), {"STARHAUL_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, 1, "cannot use"),
        (("init",), {"STARHAUL_DATABASE_URL": "nonsense"}, 2, "STARHAUL_DATABASE_URL"),
        (("init",), {"STARHAUL_QUERY_TIMEOUT_S": "-1"}, 2, "STARHAUL_QUERY_TIMEOUT_S"),
        (("serve",), {}, 2, "STARHAUL_DATABASE_URL"),
        (("worker",), {}, 2, "STARHAUL_REDIS_URL"),
    ],
)
def test_wrong_settings_are_one_sentence(
    arguments: tuple[str, ...], environment: dict[str, str], status: int, message: str
) -> None:
    done = starhaul(*arguments, **environment)
    assert done.returncode == status
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_ingest_into_a_home_that_does_not_run(tmp_path: Path) -> None:
    """PostgreSQL is started for the duration; a missing collection is one sentence."""
    done = starhaul("ingest", str(tmp_path / "absent.toml"), "--home", str(tmp_path / "home"))
    assert done.returncode in (1, 2)
    assert "absent.toml" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "home" / "postgres" / "postmaster.pid").exists()


def test_ingest_into_a_running_archive_changes_nothing(stack: Stack) -> None:
    collection = next((stack.home / "demo").rglob("*.toml"))
    done = starhaul("ingest", str(collection), "--home", str(stack.home), "--strict")
    assert done.returncode == 0, done.stderr
    assert " 0 taken in" in done.stdout
