"""Runs against a real PostgreSQL: first, again, changed, gone, refused, renamed."""

import gzip
import hashlib
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.errors import UsageError
from service.ingest.command import exit_status, report_lines
from service.ingest.run import Report
from service.ingest.walk import list_files
from tests.ingest.conftest import AUTHORITY, Archive, write_image, write_spectrum


def test_first_run_writes_datasets_and_holdings(archive: Archive) -> None:
    toml = archive.toml("first", 'title = "T"', 'description = "D"')
    image = write_image(archive.folder / "data" / "deep field" / "é 1.fits", OBJECT="NGC 1")
    write_spectrum(archive.folder / "data" / "s.fit")
    report = archive.ingest(toml)
    assert (report.accepted, report.unchanged, report.refused) == (2, 0, {})
    one, two = archive.datasets("first")
    assert one["obs_publisher_did"] == f"{AUTHORITY}?first/deep%20field/%C3%A9%201.fits"
    assert one["obs_id"] == "first/deep field/é 1"
    assert one["obs_collection"] == "first"
    assert one["sha256"] == hashlib.sha256(image.read_bytes()).digest()
    assert one["crc32"] == zlib.crc32(image.read_bytes())
    assert one["media_type"] == one["access_format"] == "application/fits"
    assert one["access_estsize"] == -(-image.stat().st_size // 1000)
    assert one["hcell"] == one["hpx"] >> 52
    assert one["s_region"].startswith("POLYGON ICRS ")
    assert len(one["vertices"]) == 8
    assert one["box"] is not None
    assert one["readable_by"] is None
    assert one["data_rights"] == "public"
    assert two["em_min"] == pytest.approx(4e-7)
    spectra = archive.rows("SELECT * FROM archive.spectrum")
    assert [(s["n_points"], s["wavelength_unit"], s["flux_unit"]) for s in spectra] == [
        (50, "Angstrom", "Jy")
    ]
    rows = archive.rows("SELECT access_url FROM ivoa.obscore WHERE obs_collection = 'first'")
    assert all("/files/" in row["access_url"] for row in rows)


def test_a_second_run_opens_no_file(archive: Archive) -> None:
    toml = archive.toml("again")
    for i in range(5):
        write_image(archive.folder / "data" / f"{i}.fits", ra=float(i))
    (archive.folder / "data" / "bad.fits").write_bytes(b"no")
    archive.ingest(toml)
    before = archive.rows("SELECT id, updated, holding_id FROM archive.dataset ORDER BY id")
    opened: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event == "open" and str(arguments[0]).endswith(".fits"):
            opened.append(str(arguments[0]))

    sys.addaudithook(hook)
    report = archive.ingest(toml)
    watching = False
    assert opened == []
    assert (report.accepted, report.unchanged) == (0, 6)
    assert list(report.refused) == ["bad.fits"]
    assert before == archive.rows("SELECT id, updated, holding_id FROM archive.dataset ORDER BY id")


def test_changed_vanished_and_returned_files(archive: Archive) -> None:
    toml = archive.toml("change")
    a = write_image(archive.folder / "data" / "a.fits", ra=10.0)
    b = write_image(archive.folder / "data" / "b.fits", ra=20.0)
    archive.ingest(toml)
    links = archive.rows("SELECT path, id, dataset_id FROM archive.holding ORDER BY id")
    write_image(a, ra=11.0)
    kept = b.read_bytes()
    b.unlink()
    report = archive.ingest(toml)
    assert (report.accepted, report.unchanged, report.vanished) == (1, 0, 1)
    one, two = archive.datasets("change")
    assert one["s_ra"] == pytest.approx(11.0, abs=1e-6)
    assert (one["present"], two["present"], two["state"]) == (True, False, "vanished")
    assert [r[0] for r in archive.rows("SELECT obs_id FROM ivoa.obscore")].count("change/b") == 0
    b.write_bytes(kept)
    archive.ingest(toml)
    assert [row["present"] for row in archive.datasets("change")] == [True, True]
    again = archive.rows("SELECT path, id, dataset_id FROM archive.holding ORDER BY id")
    assert [row for row in again if row in links] == links


def test_a_changed_collection_reads_its_files_again(archive: Archive) -> None:
    toml = archive.toml("constants")
    write_image(archive.folder / "data" / "a.fits", TELESCOP="T1")
    archive.ingest(toml)
    toml = archive.toml("constants", 'title = "new"')
    assert archive.ingest(toml).accepted == 0
    toml = archive.toml(
        "constants",
        'readable_by = ["me"]',
        "[constants]",
        'facility_name = "VLT"',
        "[header]",
        "EXPTIME = 60.0",
    )
    assert archive.ingest(toml).accepted == 1
    (row,) = archive.datasets("constants")
    assert (row["facility_name"], row["t_exptime"]) == ("VLT", 60.0)
    assert (row["readable_by"], row["data_rights"]) == (["me"], "proprietary")
    assert archive.rows("SELECT 1 FROM ivoa.obscore WHERE obs_collection = 'constants'") == []


def test_without_calib_level_the_file_is_refused_naming_the_key(archive: Archive) -> None:
    toml = archive.toml("level", level=False)
    write_image(archive.folder / "data" / "a.fits")
    report = archive.ingest(toml)
    assert "calib_level" in report.refused["a.fits"]
    assert archive.ingest(archive.toml("level")).accepted == 1
    assert archive.rows("SELECT 1 FROM archive.refusal WHERE path = 'a.fits'") == []


def test_bad_files_are_reported_and_skipped(archive: Archive) -> None:
    toml = archive.toml("bad")
    data = archive.folder / "data"
    good = write_image(data / "good.fits").read_bytes()
    (data / "empty.fits").write_bytes(b"")
    (data / "text.fits").write_bytes(b"hello, this is not a FITS file" * 100)
    (data / "short.fits").write_bytes(good[:2880])
    (data / "half-header.fits").write_bytes(good[:1000])
    (data / "lying.fits").write_bytes(
        good.replace(b"NAXIS1  =                    8", b"NAXIS1  =              8000000")
    )
    (data / "broken.fits.gz").write_bytes(gzip.compress(good)[:100])
    (data / "nowcs.fits").write_bytes(good.replace(b"CTYPE", b"CTYPO"))
    report = archive.ingest(toml)
    assert report.accepted == 1
    assert {
        path: reason.split(":")[0].split("(")[0].strip() for path, reason in report.refused.items()
    } == {
        "empty.fits": "the file is empty",
        "text.fits": "not a FITS file",
        "short.fits": "HDU 0 promises 256 bytes of data, 0 are there",
        "half-header.fits": "the file ends inside a header",
        "lying.fits": "HDU 0 promises 256000000 bytes of data, 2880 are there",
        "broken.fits.gz": "the compressed file ends too early",
        "nowcs.fits": "an array of 8x8 pixels without celestial or spectral coordinates; header "
        "cards that would help",
    }
    assert (exit_status(report, strict=False), exit_status(report, strict=True)) == (0, 1)
    lines = list(report_lines(report))
    assert "8 files: 1 taken in, 0 unchanged, 7 refused" in lines[-1]
    assert any("CTYPE1" in line for line in lines)


def test_a_terminal_shows_the_first_of_many_refusals() -> None:
    refused = {f"{n}.fits": "not a FITS file" for n in range(100)}
    report = Report("c", files=101, refused=refused, unreadable={"x": "Permission denied"})
    lines = list(report_lines(report, 40))
    assert lines[39] == "refused: 39.fits: not a FITS file"
    assert lines[40].startswith("and 61 more: ")
    assert lines[41].startswith("c: 101 files: ")
    assert len(lines) == 42
    assert len(list(report_lines(report))) == 102


def test_a_large_file_is_hashed_in_pieces(archive: Archive) -> None:
    """Above 64 MB a file is not held in memory; here it is mostly a hole."""
    toml = archive.toml("large")
    path = write_image(archive.folder / "data" / "a.fits")
    header = path.read_bytes()[:2880].replace(
        b"NAXIS1  =                    8", b"NAXIS1  =              2500000"
    )
    with path.open("wb") as file:
        file.write(header)
        file.truncate(2880 + (2_500_000 * 8 * 4 + 2879) // 2880 * 2880)
    report = archive.ingest(toml)
    assert report.refused == {}
    (row,) = archive.datasets("large")
    assert row["s_xel1"] == 2_500_000
    with path.open("rb") as file:
        assert row["sha256"] == hashlib.file_digest(file, "sha256").digest()
    assert row["crc32"] == zlib.crc32(path.read_bytes())


def test_a_file_that_becomes_bad_is_withdrawn(archive: Archive) -> None:
    toml = archive.toml("rot")
    path = write_image(archive.folder / "data" / "a.fits")
    archive.ingest(toml)
    path.write_bytes(path.read_bytes()[:3000])
    assert "truncated" in archive.ingest(toml).refused["a.fits"]
    (row,) = archive.datasets("rot")
    assert (row["present"], row["state"]) == (False, "vanished")


def test_another_authority_is_refused_without_rename(archive: Archive) -> None:
    toml = archive.toml("names")
    write_image(archive.folder / "data" / "a.fits")
    archive.ingest(toml)
    with pytest.raises(UsageError, match="--rename"):
        archive.ingest(toml, authority="ivo://eso.org/archive")
    archive.ingest(toml, authority="ivo://eso.org/archive", rename=True)
    (row,) = archive.datasets("names")
    assert row["obs_publisher_did"] == "ivo://eso.org/archive?names/a.fits"
    assert archive.ingest(toml, authority="ivo://eso.org/archive").unchanged == 1
    archive.ingest(toml, authority=AUTHORITY, rename=True)


def test_worker_processes_write_the_same_rows(archive: Archive) -> None:
    data = archive.folder / "data"
    for i in range(130):
        write_image(data / f"{i:03d}.fits", ra=float(i))
    archive.ingest(archive.toml("one"), workers=1)
    archive.ingest(archive.toml("many"), workers=2)

    def comparable(name: str) -> list[dict[str, object]]:
        own = ("obs_publisher_did", "obs_id", "obs_collection")
        return [{k: v for k, v in row.items() if k not in own} for row in archive.datasets(name)]

    assert comparable("one") == comparable("many")
    assert len(comparable("one")) == 130


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user can reach; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="starhaul-test-"))
    folder.chmod(0o755)
    yield folder
    for directory in folder.rglob("*"):
        if directory.is_dir():
            directory.chmod(0o755)
    shutil.rmtree(folder)


def test_a_directory_without_read_permission(archive: Archive, open_folder: Path) -> None:
    """It is named, its files stay as they were, and everything else goes on."""
    here = Archive(archive.url, open_folder)
    toml = here.toml("closed")
    write_image(open_folder / "data" / "secret" / "a.fits")
    write_image(open_folder / "data" / "b.fits")
    here.ingest(toml)
    (open_folder / "data" / "secret").chmod(0)
    (open_folder / "data" / "b.fits").unlink()
    if os.geteuid() == 0:
        os.seteuid(65534)  # root reads everything
        try:
            report = here.ingest(toml)
        finally:
            os.seteuid(0)
    else:
        report = here.ingest(toml)
    assert report.unreadable == {"secret": "Permission denied"}
    assert not report.complete
    assert "not readable: secret: Permission denied" in list(report_lines(report))
    assert [(row["path"], row["present"]) for row in here.datasets("closed")] == [
        ("b.fits", False),
        ("secret/a.fits", True),
    ]


def test_globs_and_links(tmp_path: Path) -> None:
    for name in ("a.fits", "b/c.FITS", "b/d/e.fits.gz", "b/note.txt", "raw/f.fits"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    (tmp_path / "b" / "gone.fits").symlink_to(tmp_path / "nowhere")

    def found(include: list[str], exclude: list[str]) -> list[str]:
        return sorted(list_files(tmp_path, include, exclude).files)

    assert found(["*.fits", "*.fits.gz"], []) == [
        "a.fits",
        "b/c.FITS",
        "b/d/e.fits.gz",
        "raw/f.fits",
    ]
    assert found(["*.fits"], ["raw"]) == ["a.fits", "b/c.FITS"]
    assert found(["b/*.fits"], []) == ["b/c.FITS"]
    assert found(["b/**/*"], ["*.txt"]) == ["b/c.FITS", "b/d/e.fits.gz"]
