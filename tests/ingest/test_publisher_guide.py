"""docs/publisher-guide.md: its snippets run, its tables are complete, its messages exist."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from service.ingest.collection import Collection, parse_collection
from service.ingest.readers import READER_NAMES
from service.ingest.relations import LINKED, PARTS
from tests.conftest import ROOT, STARHAUL, TestDatabase
from tests.ingest.conftest import Archive, write_image, write_spectrum

GUIDE = (ROOT / "docs" / "publisher-guide.md").read_text(encoding="utf-8")
TOML = re.findall(r"```toml[^\n]*\n(.*?)```", GUIDE, re.DOTALL)
COMMANDS = re.findall(r"```console\n\$ (.*?)\n```", GUIDE)


def _chapter(title: str) -> str:
    return GUIDE.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("snippet", TOML)
def test_each_collection_is_valid(snippet: str) -> None:
    assert parse_collection(snippet, "collection.toml").name


def test_all_keys_and_readers_are_described() -> None:
    for key in Collection.model_fields:
        assert f"`{key}`" in GUIDE or f"`[{key}]`" in GUIDE
    described = re.findall(r"^\| `(\w+)` \| ", _chapter("What the readers take"), re.M)
    assert tuple(described) == READER_NAMES


def test_the_refusals_are_real() -> None:
    """Each message of the table stands in the source."""
    source = "".join(
        re.sub(r'"\s*\n\s*f?"', "", path.read_text())
        for path in (ROOT / "service" / "ingest").rglob("*.py")
    )
    table = _chapter("Refusals and what to do")
    for cell in re.findall(r"^\| (?!message|---)([^|]+) \|", table, re.M):
        for message in cell.split("; "):
            start = re.split(r" n | \.\.\.|, or |: Permission", message)[0]
            assert start in source, message


def test_files_that_belong_together(archive: Archive) -> None:
    """The relations as printed do what is said of them."""
    (snippet,) = re.findall(r"```toml relations\n(.*?)```", GUIDE, re.DOTALL)
    described = re.findall(r"`(#[a-z-]+)`", GUIDE)
    assert set(described) == {*PARTS, *LINKED}
    data = archive.folder / "data"
    for name in ("n_sci.fits", "n_wht.fits", "raw/n-1.fits", "raw/n-2.fits"):
        write_image(data / name)
    (data / "plots").mkdir()
    (data / "plots" / "n_sci-small.png").write_bytes(b"png")
    toml = archive.folder / "collection.toml"
    toml.write_text(snippet)
    assert archive.ingest(toml).refused == {}
    found = archive.rows(
        "SELECT h.path, l.semantics, l.label, l.description FROM archive.dataset d "
        "CROSS JOIN LATERAL (SELECT id, semantics, label, description FROM archive.holding "
        "WHERE dataset_id = d.id UNION ALL SELECT holding_id, semantics, label, description "
        "FROM archive.relation WHERE dataset_id = d.id) l JOIN archive.holding h ON h.id = l.id "
        "WHERE d.obs_id = 'my-field/n_sci' ORDER BY h.path"
    )
    assert [tuple(row) for row in found] == [
        ("n_sci.fits", "#this", None, None),
        ("n_wht.fits", "#weight", None, "Weight map"),
        ("plots/n_sci-small.png", "#preview", "quicklook", None),
        ("raw/n-1.fits", "#progenitor", None, "Raw frame"),
        ("raw/n-2.fits", "#progenitor", None, "Raw frame"),
    ]
    listed = archive.rows("SELECT obs_id FROM ivoa.obscore WHERE obs_collection = 'my-field'")
    assert {row["obs_id"] for row in listed} == {
        "my-field/n_sci",
        "my-field/raw/n-1",
        "my-field/raw/n-2",
    }


def test_the_first_five_minutes(database: TestDatabase, tmp_path: Path) -> None:
    """The first collection.toml and the commands as printed."""
    (tmp_path / "collection.toml").write_text(TOML[0])
    write_image(tmp_path / "data" / "image.fits")
    write_spectrum(tmp_path / "data" / "spectrum.fits")
    (tmp_path / "data" / "notes.fits").write_text("no FITS file at all\n" * 10)
    assert COMMANDS
    for command in COMMANDS:
        words = command.split()
        assert words[0] == "starhaul"
        for strict, status in (([], 0), (["--strict"], 1)):
            done = subprocess.run(
                [*STARHAUL, *words[1:], *strict],
                cwd=tmp_path,
                env={
                    **os.environ,
                    "STARHAUL_DATABASE_URL": database.url,
                    "PYTHONPATH": str(ROOT),
                },
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            output = done.stdout + done.stderr
            assert done.returncode == status, output
            assert "notes.fits: not a FITS file: it does not begin with SIMPLE" in output
            assert "my-survey: 3 files:" in output
            assert "1 refused" in output
