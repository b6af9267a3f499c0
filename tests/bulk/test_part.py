"""The bytes of virtual parts against real files, GNU tar, tarfile and bagit."""

import hashlib
import io
import os
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import bagit
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.bulk import tar
from service.bulk.cutting import MOST_PARTS, plan_parts
from service.bulk.form import FORMS
from service.bulk.part import DamagedMember, Part
from service.errors import Unavailable, UsageError
from service.storage.buffers import Buffers
from service.storage.local import LocalStore
from service.storage.ranges import Span
from service.storage.state import state_of
from tests.bulk.packages import ROOT_ID, Entry, arrange, arrange_entries, entry, make_store

_LETTERS = "abcXYZ019._ -éßλ星"
_component = st.text(_LETTERS, min_size=1, max_size=60).filter(lambda t: t.strip(". "))
_path = st.lists(_component, min_size=1, max_size=4).map("/".join)
_sizes = st.one_of(st.integers(0, 1600), st.sampled_from([0, 511, 512, 513, 2_200_000]))


def _whole(part: Part) -> bytes:
    return b"".join(part.buffers(Span(0, part.plan.size)))


def _parts(root: Path, cache: Path, paths: Sequence[str], part_size: int) -> list[Part]:
    layout = arrange(root, cache, paths, part_size)
    return [
        Part(layout, n, {ROOT_ID: LocalStore(str(root))}) for n in range(1, len(layout.parts) + 1)
    ]


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
    found = [m for part in parts for m in _members(part) if "/data/" in m.name and m.isfile()]
    assert [m.name for m in found] == [f"bag/data/{path}" for path in paths]


def test_files_of_two_collections_take_turns(tmp_path: Path) -> None:
    entries, contents = [], {}
    for n in range(600):
        collection = ROOT_ID + (n % 3 == 0)
        root, name = tmp_path / str(collection), f"{n:03d}.fits"
        contents[f"bag/data/{name}"] = os.urandom(n * 17)
        make_store(root, [(name, contents[f"bag/data/{name}"])])
        entries.append(replace(entry(root, name), collection=collection))
    layout = arrange_entries(tmp_path / "cache", entries, 2**30, "tar")
    stores = {n: LocalStore(str(tmp_path / str(n))) for n in (ROOT_ID, ROOT_ID + 1)}
    with tarfile.open(fileobj=io.BytesIO(_whole(Part(layout, 1, stores)))) as archive:
        found = {
            member.name: stream.read()
            for member in archive
            if "/data/" in member.name and (stream := archive.extractfile(member)) is not None
        }
    assert found == contents


def _members(part: Part) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(_whole(part))) as archive:
        return archive.getmembers()


@given(
    name=st.text(_LETTERS, min_size=1, max_size=300).map(str.encode),
    size=st.one_of(st.integers(0, 2**20), st.integers(8**11 - 3, 2**45)),
)
def test_the_length_of_a_header_is_known_before_it_is_made(name: bytes, size: int) -> None:
    header = tar.header(name, size, 0)
    lengths = tar.header_lengths(
        np.array([len(name)]), np.array([not name.isascii()]), np.array([size])
    )
    assert len(header) == lengths[0]
    info = tarfile.TarInfo.frombuf(header[-512:], "utf-8", "strict")
    if len(header) == 512:
        assert (info.name.encode(), info.size) == (name.rstrip(b"/"), size)
    else:
        with tarfile.open(fileobj=io.BytesIO(header + tar.END)) as archive:
            member = archive.next()
            assert member is not None
            assert (member.name.encode(), member.size) == (name.rstrip(b"/"), size)


@given(
    files=st.lists(
        st.tuples(
            st.text(_LETTERS, min_size=1, max_size=300).map(str.encode),
            st.one_of(st.integers(0, 2**20), st.integers(8**11 - 3, 2**45)),
            st.integers(-(2**40), 2**40),
            st.integers(0, 2**32 - 1),
        ),
        max_size=8,
    )
)
@pytest.mark.parametrize("form", ["tar", "zip"])
def test_headers_of_many_are_those_of_each(
    form: str, files: list[tuple[bytes, int, int, int]]
) -> None:
    names, *numbers = zip(*files, strict=True) if files else ((), (), (), ())
    many = FORMS[form].headers(names, *(np.array(each, dtype=np.int64) for each in numbers))
    assert many == b"".join(FORMS[form].header(*file) for file in files)


@given(
    costs=st.lists(st.integers(512, 5000), max_size=200),
    part_size=st.integers(2000, 20_000),
    extra=st.integers(0, 25_000),
)
def test_parts_hold_every_member_once_and_are_as_large_as_allowed(
    costs: list[int], part_size: int, extra: int
) -> None:
    runs = plan_parts(np.array(costs, dtype=np.int64), part_size, extra)
    assert runs[0][0] == 0
    assert runs[-1][1] == len(costs)
    for number, ((first, stop), (following, _)) in enumerate(pairwise(runs)):
        assert stop == following
        budget = part_size - (extra if number == 0 else 0)
        assert stop == first + 1 or sum(costs[first:stop]) <= budget
        assert sum(costs[first : stop + 1]) > budget


@pytest.fixture
def store(tmp_path: Path) -> tuple[Path, list[str]]:
    """Files whose names and sizes need every form of header."""
    names = [f"night{n % 3}/spectrum-{n:03d}.fits" for n in range(60)]
    names += ["long/" + "x" * 120 + ".fits", "Observación/星.fits", "empty.fits"]
    make_store(tmp_path / "store", [(n, os.urandom(i * 997 % 90_000)) for i, n in enumerate(names)])
    (tmp_path / "store" / "empty.fits").write_bytes(b"")
    return tmp_path / "store", names


def test_all_parts_unpack_into_one_valid_bag(
    store: tuple[Path, list[str]], tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    root, names = store
    parts = _parts(root, tmp_path / "cache", names, 400_000)
    assert len(parts) > 2
    for part in parts:
        file = tmp_path / f"{part.number}.tar"
        file.write_bytes(_whole(part))
        assert part.plan.size <= 400_000
        listed = subprocess.run(
            [require_tool("tar"), "-tvf", file], capture_output=True, text=True, check=True
        )
        assert listed.stderr == ""
        subprocess.run(["tar", "-xf", file, "-C", tmp_path], check=True)
        subprocess.run(
            ["sha256sum", "-c", "--quiet", f"part-{part.number:05d}.sha256"],
            cwd=tmp_path / "bag",
            check=True,
        )
    bag = bagit.Bag(str(tmp_path / "bag"))
    assert bag.validate()
    assert len(bag.payload_entries()) == len(names)
    subprocess.run(
        ["sha256sum", "-c", "--quiet", "manifest-sha256.txt"], cwd=tmp_path / "bag", check=True
    )


def test_a_package_of_nothing_is_an_empty_bag(tmp_path: Path) -> None:
    (part,) = _parts(tmp_path, tmp_path / "cache", [], 2**20)
    (tmp_path / "a.tar").write_bytes(_whole(part))
    subprocess.run(["tar", "-xf", tmp_path / "a.tar", "-C", tmp_path], check=True)
    assert bagit.Bag(str(tmp_path / "bag")).validate()


def test_the_same_members_make_the_same_layout(
    store: tuple[Path, list[str]], tmp_path: Path
) -> None:
    root, names = store
    one = arrange(root, tmp_path / "1", names, 2**20)
    two = arrange(root, tmp_path / "2", names, 2**20)
    other = arrange(root, tmp_path / "3", names[1:], 2**20)
    assert one.digest == two.digest != other.digest
    assert (tmp_path / "1/members.npy").read_bytes() == (tmp_path / "2/members.npy").read_bytes()


def _until_damage(buffers: Buffers) -> tuple[bytes, DamagedMember]:
    """What was sent, and the damage that ended it."""
    got = b""
    try:
        for buffer in buffers:
            got += buffer
    except DamagedMember as error:
        return got, error
    pytest.fail("the transfer was not broken off")


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _same_size_and_time(path: Path) -> None:
    before = path.stat()
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replace(path: Path) -> None:
    before = path.stat()
    other = path.with_suffix(".new")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_append, "its size is"),
        (Path.unlink, "has vanished"),
        (lambda path: os.utime(path), "it was modified"),
        (_same_size_and_time, "its contents were changed"),
        (_replace, "replaced by another file"),
    ],
)
def test_a_changed_member_ends_the_part_before_it(
    store: tuple[Path, list[str]],
    tmp_path: Path,
    change: Callable[[Path], None],
    reason: str,
) -> None:
    root, names = store
    part, *_ = _parts(root, tmp_path / "cache", names, 2**30)
    whole = _whole(part)
    change(root / names[30])
    got, error = _until_damage(part.buffers(Span(0, part.plan.size)))
    assert reason in error.message
    assert error.seq == 30
    assert whole.startswith(got)
    assert len(got) == next(m.start for m in part.members(Span(0, len(whole))) if m.seq == 30)
    after = next(m for m in part.members(Span(0, len(whole))) if m.seq == 31)
    assert b"".join(part.buffers(Span(after.start, len(whole)))) == whole[after.start :]


def test_a_rename_or_chmod_is_no_damage(store: tuple[Path, list[str]], tmp_path: Path) -> None:
    root, names = store
    part, *_ = _parts(root, tmp_path / "cache", names, 2**30)
    whole = _whole(part)
    (root / names[5]).chmod(0o600)
    assert hashlib.sha256(_whole(part)).digest() == hashlib.sha256(whole).digest()


def test_a_member_that_changes_while_it_is_sent_is_never_completed(tmp_path: Path) -> None:
    make_store(tmp_path / "store", [("big.fits", os.urandom(5_000_000))])
    (part,) = _parts(tmp_path / "store", tmp_path / "cache", ["big.fits"], 2**30)
    buffers = part.buffers(Span(0, part.plan.size))
    got = next(buffers)
    with (tmp_path / "store/big.fits").open("r+b") as file:
        file.seek(4_999_999)
        file.write(b"!")
    rest, error = _until_damage(buffers)
    assert "while it was being read" in error.message
    assert len(got) + len(rest) < part.plan.size - 1024


def test_a_store_that_is_away_is_no_damage(store: tuple[Path, list[str]], tmp_path: Path) -> None:
    root, names = store
    part, *_ = _parts(root, tmp_path / "cache", names, 2**30)
    whole = _whole(part)
    root.rename(tmp_path / "unplugged")
    with pytest.raises(Unavailable):
        _whole(part)
    (tmp_path / "unplugged").rename(root)
    assert _whole(part) == whole


def test_a_member_larger_than_a_part_has_one_of_its_own(tmp_path: Path) -> None:
    names = ["a.fits", "large.fits", "z.fits"]
    make_store(tmp_path / "store", [(n, os.urandom(3_000_000 if "l" in n else 10)) for n in names])
    parts = _parts(tmp_path / "store", tmp_path / "cache", names, 2**20)
    held = [[m.seq for m in part.members(Span(0, part.plan.size))] for part in parts]
    assert held == [[0], [1], [2]]
    assert [part.plan.size > 2**20 for part in parts] == [False, True, False]


def test_too_many_parts_are_refused_with_the_size_that_is_possible() -> None:
    costs = np.full(2 * MOST_PARTS, 10**6, dtype=np.int64)
    with pytest.raises(UsageError, match="PART_SIZE") as refused:
        plan_parts(costs, 10**6, 0)
    least = int(refused.value.message.rsplit(" ", 1)[1])
    assert len(plan_parts(costs, least, 0)) <= MOST_PARTS


def test_other_readers_of_tar_take_the_parts(
    store: tuple[Path, list[str]], tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    root, names = store
    for part in _parts(root, tmp_path / "cache", names, 400_000):
        file = tmp_path / f"{part.number}.tar"
        file.write_bytes(_whole(part))
        for command in ([require_tool("bsdtar"), "-xOf"], [require_tool("7z"), "t", "-bso0"]):
            done = subprocess.run([*command, file], stdout=subprocess.DEVNULL, stderr=-1)
            assert (done.returncode, done.stderr) == (0, b""), command


def test_members_above_8_gib_and_those_behind_them(
    tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    root = tmp_path / "store"
    make_store(root, [("big.fits", b""), ("behind.fits", b"spectrum")])
    size = 2**33 + 12_345
    os.truncate(root / "big.fits", size)  # a hole: takes no room
    big = Entry("big.fits", "big.fits", state_of((root / "big.fits").stat()), bytes(32), 0)
    entries = [big, entry(root, "behind.fits")]
    layout = arrange_entries(tmp_path / "cache", entries, 2**40, "tar")
    part = Part(layout, 1, {ROOT_ID: LocalStore(str(root))})
    member, _ = part.members(Span(0, part.plan.size))
    file = tmp_path / "big.tar"
    with file.open("wb") as output:
        for span in (Span(0, member.contents), Span(member.contents + size, part.plan.size)):
            output.seek(span.first)
            output.writelines(part.buffers(span))
    for tool in ("tar", "bsdtar"):
        command = [require_tool(tool), "-tvf", file]
        listed = subprocess.run(command, capture_output=True, text=True, check=True)
        assert (f" {size} " in listed.stdout, listed.stderr) == (True, "")
    with tarfile.open(file) as archive:
        behind = archive.extractfile("bag/data/behind.fits")
        assert behind is not None
        assert behind.read() == b"spectrum"
