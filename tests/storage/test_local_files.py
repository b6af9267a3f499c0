"""Files below a root: what is opened, and what is not."""

import hashlib
from pathlib import Path

import pytest

from service.storage.local import LocalStore, UnsafePath, path_below
from service.storage.state import Damaged, FileState, state_of


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../../x", "a/..", "a\0b"])
def test_a_path_never_leaves_its_root(path: str) -> None:
    with pytest.raises(UnsafePath):
        path_below("/archive", path)


def test_names_with_dots_are_names() -> None:
    assert path_below("/archive", "a..b/...fits") == "/archive/a..b/...fits"


def _ingested(path: Path) -> tuple[FileState, bytes]:
    return state_of(path.stat()), hashlib.sha256(path.read_bytes()).digest()


def test_a_link_that_is_turned_elsewhere_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"same bytes")
    (root / "link.fits").symlink_to(tmp_path / "one")
    known, digest = _ingested(root / "link.fits")
    with LocalStore(str(root)).open("link.fits", known, digest) as file:
        buffer = bytearray(10)
        assert file.read_into(buffer, 0) == 10
        file.verify()
    (root / "link.fits").unlink()
    (root / "link.fits").symlink_to(tmp_path / "two")
    with pytest.raises(Damaged):
        LocalStore(str(root)).open("link.fits", known, digest)


def test_a_directory_or_pipe_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    known, digest = _ingested(tmp_path / "a")
    (tmp_path / "a").unlink()
    (tmp_path / "a").mkdir()
    with pytest.raises(Damaged):
        LocalStore(str(tmp_path)).open("a", known, digest)
