"""`starhaul publish` and `unpublish` as a user runs them."""

from pathlib import Path

import pytest

from service.config import Settings
from tests.cli.test_commands import starhaul

CSV = "ra,dec,name\n1.5,-30,a\n2.5,45,b\n"


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "stars.csv"
    path.write_text(CSV)
    return path


def test_there_and_away(csv: Path, settings: Settings) -> None:
    url = str(settings.database_url)
    done = starhaul("publish", str(csv), "--as", "cli.stars", STARHAUL_DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "cli.stars: published with 2 rows of 3 columns, sky index on ra, dec"
    )
    done = starhaul("unpublish", "cli.stars", STARHAUL_DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (0, "cli.stars: gone\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--as", "ivoa.stars"), "belongs to the archive itself"),
        ((), "--as SCHEMA.TABLE is missing"),
        (("--as", "cli.stars", "--metadata", "absent.toml"), "absent.toml cannot be read"),
    ],
)
def test_errors_are_one_sentence(
    arguments: tuple[str, ...], message: str, csv: Path, settings: Settings
) -> None:
    url = str(settings.database_url)
    done = starhaul("publish", str(csv), *arguments, STARHAUL_DATABASE_URL=url)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
