"""Whatever ends a run or a connection, the next one goes on, and asks for nothing twice."""

import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import bagit
import pytest

from starhaul_client import DirectoryBusy, Unreachable, fetch
from starhaul_client.disk import only_one
from starhaul_client.parts import STATE
from tests.client.conftest import Archive, Wanted, finish, start
from tests.conftest import CI

PAGE = 4096
KILLS = 20 if CI else 3


def pages_on_disk(directory: Path, wanted: Wanted) -> set[tuple[str, int]]:
    """The pages of parts that lie in a directory as they should be; of zeros none counts."""
    found = set()
    for name, content in wanted.parts.items():
        for path in (directory / name, directory / f"{name}.part"):
            if not path.exists():
                continue
            have = path.read_bytes()
            for first in range(0, len(have) - PAGE + 1, PAGE):
                page = content[first : first + PAGE]
                if have[first : first + PAGE] == page and any(page):
                    found.add((name, first // PAGE))
    return found


def pages_asked(archive: Archive) -> set[tuple[str, int]]:
    """The pages of parts that lie whole in a range somebody asked for."""
    return {
        (asked.path.rsplit("/", 1)[1], page)
        for asked in archive.network.asked
        if asked.method == "GET" and asked.stop
        for page in range(-(-asked.first // PAGE), asked.stop // PAGE)
    }


def until(process: "subprocess.Popen[str]", archive: Archive, count: int) -> None:
    """Wait until so many bytes went over the network, or the process ended."""
    while process.poll() is None and archive.network.delivered < count:
        time.sleep(0.002)


@pytest.mark.parametrize("options", [(), ("--unpack",)])
def test_no_byte_on_the_disk_at_a_kill_is_asked_for_again(
    archive: Archive, everything: Wanted, tmp_path: Path, options: tuple[str, ...]
) -> None:
    seeded, kills = random.Random(5), 0
    archive.network.bytes_per_s = 8_000_000
    there: set[tuple[str, int]] = set()
    for _ in range(KILLS):
        archive.network.asked.clear()
        before = archive.network.delivered
        process = start(everything.url, tmp_path, "-j", "4", *options)
        until(process, archive, before + seeded.randrange(everything.size * 2 // KILLS))
        process.kill()
        kills += process.wait() == -signal.SIGKILL
        assert not pages_asked(archive) & there
        there = pages_on_disk(tmp_path, everything)
    assert kills > 1
    assert there or options
    archive.network.calm()
    status, told, _ = finish(start(everything.url, tmp_path, *options))
    assert status == 0, told
    assert not pages_asked(archive) & there
    if options:
        assert bagit.Bag(str(tmp_path / everything.name)).validate()
    else:
        assert everything.is_in(tmp_path)


def test_a_network_that_loses_connections(
    archive: Archive, everything: Wanted, tmp_path: Path
) -> None:
    archive.network.lost_after = 300_000
    report = fetch(everything.url, tmp_path, progress=False)
    assert archive.network.lost > 10
    assert everything.is_in(tmp_path)
    assert report.received == everything.size


def test_a_byte_that_changed_on_the_way_is_fetched_again(
    archive: Archive, everything: Wanted, tmp_path: Path
) -> None:
    fetch(everything.url, tmp_path, progress=False)
    part = min(everything.parts)
    (tmp_path / part).unlink()
    (tmp_path / STATE / f"{part}.journal").unlink()
    archive.network.flip = True
    report = fetch(everything.url, tmp_path, unpack=True, progress=False)
    assert not archive.network.flip
    assert report.check().received > len(everything.parts[part])
    assert bagit.Bag(str(report.places[0])).validate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_can_be_gone_on_with(
    archive: Archive, everything: Wanted, tmp_path: Path, number: signal.Signals
) -> None:
    archive.network.bytes_per_s = 2_000_000
    process = start(everything.url, tmp_path, "-j", "2")
    until(process, archive, 2_000_000)
    process.send_signal(number)
    status, _, said = finish(process)
    assert (status, "run the same command again" in said) == (130, True)
    there = pages_on_disk(tmp_path, everything)
    assert there
    archive.network.calm()
    assert finish(start(everything.url, tmp_path))[0] == 0
    assert not pages_asked(archive) & there
    assert everything.is_in(tmp_path)


@pytest.mark.parametrize("options", [(), ("--unpack",)])
def test_a_full_disk_is_told_and_gone_on_with(
    everything: Wanted, tmp_path: Path, options: tuple[str, ...]
) -> None:
    limit = 1_000_000

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "starhaul_client", everything.url, "--into", tmp_path, "-q"]
    done = subprocess.run(
        [*command, *options], preexec_fn=full, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "no room for" in done.stderr
    assert "run the same command again" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*.tar"))
    report = fetch(everything.url, tmp_path, unpack=bool(options), progress=False)
    assert report.check().received < everything.size


def test_two_runs_in_one_directory_do_not_meet(everything: Wanted, tmp_path: Path) -> None:
    with only_one(tmp_path / STATE), pytest.raises(DirectoryBusy, match="another directory"):
        fetch(everything.url, tmp_path, progress=False)
    assert fetch(everything.url, tmp_path, progress=False).complete


def test_an_archive_that_is_away_for_too_long_is_given_up(
    archive: Archive, everything: Wanted, tmp_path: Path
) -> None:
    archive.network.lost_after = 2
    with pytest.raises(Unreachable, match="Run the same command again"):
        fetch(everything.url, tmp_path, patience_s=1, progress=False)
