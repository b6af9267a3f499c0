"""A download and the runs after it: all arrives, later runs only check, and repair what changed."""

import shutil
import subprocess
from pathlib import Path

import bagit
import pytest

from starhaul_client import fetch, stream
from starhaul_client.command import main
from starhaul_client.parts import STATE
from tests.client.conftest import PART_SIZE, Archive, Wanted, finish, start
from tests.conftest import STARHAUL
from tests.haul import ALL, AUTHORITY


def test_parts_arrive_as_the_archive_has_them(everything: Wanted, tmp_path: Path) -> None:
    report = fetch(everything.url, tmp_path, connections=8, progress=False)
    assert everything.is_in(tmp_path)
    assert report.check().received == everything.size
    assert report.places == tuple(tmp_path / name for name in everything.parts)
    assert report.manifest.read_text().count(",ok,") == report.files


def test_parts_may_be_zips(archive: Archive, tmp_path: Path) -> None:
    zips = archive.package(QUERY=ALL, PART_SIZE=str(PART_SIZE), RESPONSEFORMAT="zip")
    fetch(zips.url, tmp_path, progress=False).check()
    assert zips.is_in(tmp_path)
    report = fetch(zips.url, tmp_path / "unpacked", unpack=True, progress=False)
    assert report.received == zips.size
    assert bagit.Bag(str(report.places[0])).validate()
    assert len(list(stream(zips.url))) == report.files


def test_unpacked_it_is_a_valid_bag_and_no_part_stays(
    archive: Archive, everything: Wanted, tmp_path: Path
) -> None:
    report = fetch(everything.url, tmp_path, unpack=True, progress=False)
    (folder,) = report.check().places
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {everything.name, f"{everything.name}-manifest.csv", STATE}
    assert bagit.Bag(str(folder)).validate()
    subprocess.run(["sha256sum", "-c", "--quiet", "manifest-sha256.txt"], cwd=folder, check=True)
    assert report.files == len(archive.haul.names)
    again = fetch(everything.url, tmp_path, unpack=True, progress=False)
    assert (again.received, again.files) == (0, report.files)


def test_a_second_run_of_unpacked_files_fetches_those_that_changed_and_no_others(
    everything: Wanted, tmp_path: Path
) -> None:
    (folder,) = fetch(everything.url, tmp_path, unpack=True, progress=False).places
    files = sorted(path for path in folder.rglob("*.fits") if path.stat().st_size > 1000)
    changed, gone, tag = files[3], files[40], folder / "bag-info.txt"
    expected = changed.stat().st_size + gone.stat().st_size + tag.stat().st_size
    content = bytearray(changed.read_bytes())
    content[500] ^= 1
    changed.write_bytes(content)
    gone.unlink()
    tag.write_text("Bagging-Date: never\n")
    report = fetch(everything.url, tmp_path, unpack=True, progress=False)
    assert report.check().received == expected
    assert bagit.Bag(str(folder)).validate()


@pytest.mark.parametrize("journals", [True, False])
def test_a_second_run_repairs_what_changed_in_a_part(
    everything: Wanted, tmp_path: Path, *, journals: bool
) -> None:
    """With its journal, by the page; without, by the member."""
    fetch(everything.url, tmp_path, progress=False)
    first, second, third = (tmp_path / name for name in sorted(everything.parts)[:3])
    for path, place in ((first, 700), (second, -2_000_000), (third, -1_000_000)):
        content = bytearray(path.read_bytes())
        content[place] ^= 64
        path.write_bytes(content)
    if not journals:
        shutil.rmtree(tmp_path / STATE)
    report = fetch(everything.url, tmp_path, progress=False)
    assert everything.is_in(tmp_path)
    assert 0 < report.check().received <= (3 * 4096 if journals else 500_000)


def test_what_another_program_began_is_gone_on_with(everything: Wanted, tmp_path: Path) -> None:
    name, content = next(iter(everything.parts.items()))
    (tmp_path / name).write_bytes(content[:1_234_567])
    report = fetch(everything.url, tmp_path, progress=False)
    assert report.received == everything.size - 1_234_567
    assert everything.is_in(tmp_path)


def test_parts_that_are_there_are_unpacked_and_stay(everything: Wanted, tmp_path: Path) -> None:
    fetch(everything.url, tmp_path, progress=False)
    report = fetch(everything.url, tmp_path, unpack=True, progress=False)
    assert report.received == 0
    assert everything.is_in(tmp_path)
    assert bagit.Bag(str(report.places[0])).validate()


def test_a_file_of_the_same_name_that_is_no_part_is_left_alone(
    everything: Wanted, tmp_path: Path
) -> None:
    name, content = next(iter(everything.parts.items()))
    (tmp_path / name).write_bytes(content + b"mine")
    status, _, said = finish(start(everything.url, tmp_path))
    assert status == 1
    assert "it is another file" in said
    assert (tmp_path / name).read_bytes() == content + b"mine"


def test_what_has_no_file_is_told_and_is_no_failure(archive: Archive, tmp_path: Path) -> None:
    job = archive.package(ID=[AUTHORITY + archive.haul.names[0], "ivo://x/none", "ivo://x/nil"])
    status, told, _ = finish(start(job.url, tmp_path))
    assert status == 0
    assert "1 files" in told
    assert "2 missing" in told


def test_a_package_of_no_file_is_complete(archive: Archive, tmp_path: Path) -> None:
    job = archive.package(ID="ivo://x/none")
    report = fetch(job.url, tmp_path, unpack=True, progress=False)
    assert (report.files, report.absent, report.complete) == (0, {"missing": 1}, True)


def test_the_archive_s_own_command_is_the_same_one(everything: Wanted, tmp_path: Path) -> None:
    command = [*STARHAUL, "fetch", everything.url, "--into", tmp_path, "-j", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "all verified" in done.stdout
    assert everything.is_in(tmp_path)


def test_a_wrong_option_is_told_under_the_command_s_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--nonsense"], program="starhaul fetch")
    assert "starhaul fetch: error" in capsys.readouterr().err
