"""Homes that are not this version's, damaged, or no homes at all."""

import json
from pathlib import Path

import pytest

from service.embedded.home import (
    LAYOUT,
    POSTGRES_MAJOR,
    HomeError,
    HomeInUse,
    load_secrets,
    open_home,
)
from service.embedded.run_state import take_lock


def with_version(path: Path, layout: int, major: int) -> Path:
    """A sound home, but for its version."""
    home = open_home(path)
    home.version_file.write_text(json.dumps({"layout": layout, "postgresql": major}))
    return path


@pytest.mark.parametrize(
    ("layout", "major"), [(LAYOUT + 1, POSTGRES_MAJOR), (LAYOUT, POSTGRES_MAJOR + 1)]
)
def test_newer_home_names_the_command_that_updates(tmp_path: Path, layout: int, major: int) -> None:
    path = with_version(tmp_path / "home", layout, major)
    with pytest.raises(HomeError, match="made by a newer Starhaul") as error:
        open_home(path)
    assert "git pull && make install" in error.value.message
    assert str(path) in error.value.message


@pytest.mark.parametrize(
    ("layout", "major"), [(LAYOUT - 1, POSTGRES_MAJOR), (LAYOUT, POSTGRES_MAJOR - 1)]
)
def test_older_home_names_the_commands_that_upgrade(
    tmp_path: Path, layout: int, major: int
) -> None:
    path = with_version(tmp_path / "home", layout, major)
    with pytest.raises(HomeError, match="made by an older Starhaul") as error:
        open_home(path)
    assert "pg_dump" in error.value.message
    assert "docs/operations.md" in error.value.message


@pytest.mark.parametrize("text", ["", "{}", '{"layout": "x", "postgresql": 18}', "[1]"])
def test_damaged_version_file(tmp_path: Path, text: str) -> None:
    home = open_home(tmp_path / "home")
    home.version_file.write_text(text)
    with pytest.raises(HomeError, match=r"home\.json is damaged"):
        open_home(home.root)


def test_directory_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(HomeError, match=r"no home\.json"):
        open_home(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


def test_file_in_place_of_a_home(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeError, match="no directory"):
        open_home(tmp_path / "file")


def test_secrets_are_made_once_and_closed(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    made = load_secrets(home)
    assert load_secrets(home) == made
    assert len(set(vars(made).values())) == 4
    assert home.secrets_file.stat().st_mode & 0o777 == 0o600


def test_one_archive_a_home(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    with take_lock(home), pytest.raises(HomeInUse, match="already in use"):
        take_lock(home)
    take_lock(home).close()
