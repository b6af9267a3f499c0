"""The bytes of zip parts against unzip, 7-Zip, bsdtar and Python's zipfile."""

import io
import os
import subprocess
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import bagit
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.bulk import zip as zip_form
from service.bulk.part import Part
from service.storage.ranges import Span
from service.storage.state import state_of
from service.storage.store import store_of
from tests.bulk.packages import ROOT_ID, Entry, arrange, arrange_entries, entry, make_store
from tests.conftest import CI

_LETTERS = "abcXYZ019._ -éßλ星"
_FULL = 2**32 - 1
_component = st.text(_LETTERS, min_size=1, max_size=60).filter(lambda t: t.strip(". "))
_path = st.lists(_component, min_size=1, max_size=4).map("/".join)
_sizes = st.one_of(st.integers(0, 1600), st.sampled_from([0, 2_200_000]))
_numbers = st.one_of(
    st.integers(0, 2**20), st.integers(_FULL - 3, _FULL + 3), st.integers(2**33, 2**45)
)


def _whole(part: Part) -> bytes:
    return b"".join(part.buffers(Span(0, part.plan.size)))


def _parts(root: Path, cache: Path, paths: Sequence[str], part_size: int) -> list[Part]:
    layout = arrange(root, cache, paths, part_size, "zip")
    stores = {ROOT_ID: store_of(str(root))}
    return [Part(layout, n, stores) for n in range(1, len(layout.parts) + 1)]


@given(data=st.data())
def test_any_range_is_that_range_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    paths = data.draw(st.lists(_path, max_size=6, unique_by=lambda p: p.split("/")[0]))
    root = tmp_path_factory.mktemp("store")
    make_store(root, [(p, os.urandom(data.draw(_sizes))) for p in paths])
    parts = _parts(root, root.parent / (root.name + "-cache"), paths, 2**20)
    part = data.draw(st.sampled_from(parts))
    whole = _whole(part)
    assert len(whole) == part.plan.size
    for _ in range(5):
        first = data.draw(st.integers(0, len(whole) - 1))
        stop = data.draw(st.integers(first + 1, len(whole)))
        assert b"".join(part.buffers(Span(first, stop))) == whole[first:stop]
    found = {}
    for each in parts:
        with zipfile.ZipFile(io.BytesIO(_whole(each))) as archive:
            assert archive.testzip() is None
            found |= {i.filename: i for i in archive.infolist() if "/data/" in i.filename}
    assert [n for n in found if not n.endswith("/")] == [f"bag/data/{path}" for path in paths]


@given(
    name=st.text(_LETTERS, min_size=1, max_size=300).map(str.encode),
    size=_numbers,
    start=_numbers,
    mtime=st.integers(-(2**40), 2**40),
)
def test_the_length_of_a_record_is_known_before_it_is_made(
    name: bytes, size: int, start: int, mtime: int
) -> None:
    names, sizes, starts = np.array([len(name)]), np.array([size]), np.array([start])
    header = zip_form.header(name, size, mtime, 7)
    assert [len(header)] == zip_form.header_lengths(names, np.array([False]), sizes).tolist()
    (record,) = zip_form.records([name], sizes, np.array([mtime]), np.array([7]), starts)
    assert [len(record)] == zip_form.record_lengths(names, sizes, starts).tolist()


@given(entries=st.integers(0, 2**20), start=_numbers, length=_numbers)
def test_the_end_says_what_the_directory_is(entries: int, start: int, length: int) -> None:
    end = zip_form.end(entries, start, length)
    numbers = (int.from_bytes(end[a:b], "little") for a, b in ((-12, -10), (-10, -6), (-6, -2)))
    if len(end) == 22:
        assert tuple(numbers) == (entries, length, start)
    else:
        assert len(end) == 56 + 20 + 22
        sixty_four = np.frombuffer(end[24:56], "<u8").tolist()
        assert sixty_four == [entries, entries, length, start]
        assert int.from_bytes(end[64:72], "little") == start + length


@pytest.fixture
def tools(require_tool: Callable[[str], str]) -> list[list[str]]:
    """Commands that read a whole zip and check its sums."""
    return [
        [require_tool("unzip"), "-tqq"],
        [require_tool("7z"), "t", "-bso0", "-bsp0"],
        [require_tool("bsdtar"), "-xOf"],
    ]


def _read_by(tools: list[list[str]], file: Path) -> None:
    for command in tools:
        done = subprocess.run([*command, file], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert (done.returncode, done.stderr) == (0, b""), command


def test_all_parts_unpack_into_one_valid_bag(tools: list[list[str]], tmp_path: Path) -> None:
    root = tmp_path / "store"
    names = [f"night{n % 3}/spectrum-{n:03d}.fits" for n in range(60)]
    names += ["long/" + "x" * 120 + ".fits", "Observación/星.fits", "empty.fits"]
    make_store(root, [(n, os.urandom(i * 997 % 90_000)) for i, n in enumerate(names)])
    (root / "empty.fits").write_bytes(b"")
    parts = _parts(root, tmp_path / "cache", names, 400_000)
    assert len(parts) > 2
    for part in parts:
        file = tmp_path / f"{part.number}.zip"
        file.write_bytes(_whole(part))
        assert part.plan.size <= 400_000
        _read_by(tools, file)
        subprocess.run(["unzip", "-qo", file, "-d", tmp_path], check=True)
    bag = bagit.Bag(str(tmp_path / "bag"))
    assert bag.validate()
    assert len(bag.payload_entries()) == len(names)


def test_a_package_of_nothing_is_an_empty_bag(tools: list[list[str]], tmp_path: Path) -> None:
    (part,) = _parts(tmp_path, tmp_path / "cache", [], 2**20)
    (tmp_path / "a.zip").write_bytes(_whole(part))
    _read_by(tools, tmp_path / "a.zip")
    subprocess.run(["unzip", "-q", tmp_path / "a.zip", "-d", tmp_path], check=True)
    assert bagit.Bag(str(tmp_path / "bag")).validate()


def test_more_members_than_16_bits_count(tools: list[list[str]], tmp_path: Path) -> None:
    make_store(tmp_path / "store", [("a", b"spectrum")])
    first = entry(tmp_path / "store", "a")
    many = [
        Entry(f"{n:05d}.fits", "a", first.state, first.sha256, first.crc32) for n in range(66_000)
    ]
    layout = arrange_entries(tmp_path / "cache", many, 2**40, "zip")
    part = Part(layout, 1, {ROOT_ID: store_of(str(tmp_path / "store"))})
    whole = _whole(part)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert len(archive.namelist()) == len(many) + len(part.plan.files)
    first_byte = part.plan.directory + 3_000_001
    assert b"".join(part.buffers(Span(first_byte, first_byte + 99))) == whole[first_byte:][:99]
    (tmp_path / "many.zip").write_bytes(whole)
    _read_by(tools[:2] if not CI else tools, tmp_path / "many.zip")


def test_members_above_4_gib_and_those_behind_them(tools: list[list[str]], tmp_path: Path) -> None:
    root = tmp_path / "store"
    make_store(root, [("big.fits", b""), ("behind.fits", b"spectrum")])
    size = 2**32 + 12_345
    os.truncate(root / "big.fits", size)  # a hole: takes no room
    crc32 = 0
    if CI:
        for first in range(0, size, 2**26):
            crc32 = zlib.crc32(bytes(min(2**26, size - first)), crc32)
    big = Entry("big.fits", "big.fits", state_of((root / "big.fits").stat()), bytes(32), crc32)
    layout = arrange_entries(tmp_path / "cache", [big, entry(root, "behind.fits")], 2**40, "zip")
    part = Part(layout, 1, {ROOT_ID: store_of(str(root))})
    member = next(part.members(Span(0, part.plan.size)))
    file = tmp_path / "big.zip"
    with file.open("wb") as output:
        for span in (Span(0, member.contents), Span(member.contents + size, part.plan.size)):
            output.seek(span.first)
            output.writelines(part.buffers(span))
    assert file.stat().st_size == part.plan.size
    with zipfile.ZipFile(file) as archive:
        assert archive.getinfo("bag/data/big.fits").file_size == size
        assert archive.read("bag/data/behind.fits") == b"spectrum"
    listed = subprocess.run(["unzip", "-l", file], capture_output=True, text=True, check=True)
    assert f"{size} " in listed.stdout
    seven = subprocess.run(["7z", "l", file], capture_output=True, text=True, check=True)
    assert str(size) in seven.stdout
    if CI:
        _read_by(tools[:2], file)
