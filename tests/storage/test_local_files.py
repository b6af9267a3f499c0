"""Files below a root: what is opened, and what is not."""

import hashlib
import resource
from pathlib import Path

import pytest

from service.errors import Unavailable
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


def test_a_disk_that_is_not_mounted_is_no_damage(tmp_path: Path) -> None:
    root = tmp_path / "mounted"
    root.mkdir()
    (root / "a.fits").write_bytes(b"spectrum")
    known, digest = _ingested(root / "a.fits")
    root.rename(tmp_path / "elsewhere")
    root.mkdir()  # the empty directory that a mount leaves
    with pytest.raises(Unavailable):
        LocalStore(str(root)).open("a.fits", known, digest)
    (root / "b.fits").write_bytes(b"")
    with pytest.raises(Damaged, match="has vanished"):
        LocalStore(str(root)).open("a.fits", known, digest)


def test_what_this_process_lacks_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "a.fits").write_bytes(b"spectrum")
    known, digest = _ingested(tmp_path / "a.fits")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(Unavailable):
            LocalStore(str(tmp_path)).open("a.fits", known, digest)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_an_open_file_is_hashed_as_often_as_asked(tmp_path: Path) -> None:
    (tmp_path / "a.fits").write_bytes(b"spectrum")
    known, digest = _ingested(tmp_path / "a.fits")
    (tmp_path / "a.fits").chmod(0o600)  # another ctime: hashed when it is opened
    with LocalStore(str(tmp_path)).open("a.fits", known, digest) as file:
        assert [file.sha256(), file.sha256()] == [digest, digest]
