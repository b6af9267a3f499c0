"""Many small files laid into one buffer, by C and by Python alike."""

import os
import shutil
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.storage import laying
from service.storage.laying import Integers, Lay, Pieces, lay_by_python
from service.storage.state import state_of

_ROOM = 5_000
_PADDED = 64

both = pytest.mark.parametrize("lay", [laying.lay, lay_by_python])


def _pieces(texts: list[bytes]) -> Pieces:
    """Not one behind the other: in a package something lies between paths."""
    ends = np.cumsum([len(text) + 1 for text in texts], dtype=np.int64)
    firsts = ends - [len(text) + 1 for text in texts]
    return Pieces(b"".join(text + b"|" for text in texts), np.column_stack((firsts, ends - 1)))


class _Files:
    """Files below a root, as they were ingested."""

    def __init__(self, root: Path, contents: list[bytes]) -> None:
        self.root, self.contents = root, contents
        self.paths = [f"night{n % 3}/ä {n}.fits" for n in range(len(contents))]
        self.headers = [b"h" * (n % 7) for n in range(len(contents))]
        for path, octets in zip(self.paths, contents, strict=True):
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_bytes(octets)
        states = [state_of((root / path).stat())[:4] for path in self.paths]
        self.states: Integers = np.array(states, np.int64).reshape(-1, 4)
        self.padded: Integers = -(-self.states[:, 0] // _PADDED) * _PADDED

    def laid(self, lay: Lay, room: int = _ROOM) -> tuple[int, bytes]:
        buffer = memoryview(bytearray(b"\xff" * room))
        count, octets = lay(str(self.root), *self.arguments(), buffer)
        return count, bytes(buffer[:octets])

    def arguments(self) -> tuple[Pieces, Pieces, Integers, Integers]:
        """But for the root and the buffer."""
        paths = [path.encode() for path in self.paths]
        return _pieces(self.headers), _pieces(paths), self.states, self.padded

    def expected(self, count: int) -> bytes:
        rows = zip(self.headers, self.contents, self.padded.tolist(), strict=True)
        return b"".join(h + octets.ljust(padded, b"\0") for h, octets, padded in list(rows)[:count])


@given(contents=st.lists(st.binary(max_size=300), max_size=30), room=st.integers(0, 4_000))
def test_as_many_as_fit(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes], room: int
) -> None:
    files = _Files(tmp_path_factory.mktemp("files"), contents)
    ends = [len(files.expected(n)) for n in range(len(contents) + 1)]
    count = sum(end <= room for end in ends) - 1
    for lay in (laying.lay, lay_by_python):
        assert files.laid(lay, room) == (count, files.expected(count))


@both
@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="no way to forget files")
def test_files_that_a_disk_has_to_bring(lay: Lay, tmp_path: Path) -> None:
    files = _Files(tmp_path, [os.urandom(700 * n) for n in range(150)])
    for path in files.paths:
        with (tmp_path / path).open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    assert files.laid(lay, 1 << 24) == (150, files.expected(150))


def _rewrite(path: Path) -> None:
    path.write_bytes(path.read_bytes()[::-1])


def _lengthen(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _replace(path: Path) -> None:
    other = path.with_suffix(".new")
    shutil.copy2(path, other)
    other.rename(path)


def _turn_into_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@both
@pytest.mark.parametrize(
    "harm", [Path.unlink, _rewrite, _lengthen, _replace, _turn_into_directory, os.mkfifo]
)
def test_ends_before_a_file_that_is_another_one(lay: Lay, harm: object, tmp_path: Path) -> None:
    files = _Files(tmp_path, [bytes([n]) * 50 for n in range(8)])
    harmed = tmp_path / files.paths[5]
    if harm is os.mkfifo:
        harmed.unlink()
    assert callable(harm)
    harm(harmed)
    assert files.laid(lay) == (5, files.expected(5))


def test_no_path_leaves_the_root(tmp_path: Path) -> None:
    files = _Files(tmp_path, [b"a", b"b"])
    (tmp_path / "inner").mkdir()
    for bad in ("../night0/ä 0.fits", str(tmp_path / files.paths[0]), "", "night0/ä 0.fits\0x"):
        files.paths[0] = bad
        buffer = memoryview(bytearray(_ROOM))
        assert laying.lay(str(tmp_path / "inner"), *files.arguments(), buffer) == (0, 0)


@both
def test_a_root_that_is_away_gives_nothing(lay: Lay, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    files = _Files(tmp_path / "there", [b"a"])
    (tmp_path / "there").rename(tmp_path / "away")
    assert files.laid(lay) == (0, b"")


@both
def test_lists_that_do_not_match_are_refused(lay: Lay, tmp_path: Path) -> None:
    files = _Files(tmp_path, [b"a", b"b"])
    files.headers.pop()
    with pytest.raises(ValueError, match="as many headers"):
        files.laid(lay)


@pytest.mark.parametrize("span", [(-1, 2), (2, 1), (0, 99)])
def test_no_piece_lies_beyond_its_buffer(span: tuple[int, int], tmp_path: Path) -> None:
    files = _Files(tmp_path, [b"a"])
    headers, paths, states, padded = files.arguments()
    paths.spans[0] = span
    with pytest.raises(ValueError, match="as many headers"):
        laying.lay(str(tmp_path), headers, paths, states, padded, memoryview(bytearray(_ROOM)))


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")
def test_is_compiled_where_a_compiler_is() -> None:
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        pytest.skip("Python's headers are not installed")
    assert laying.lay is not lay_by_python
