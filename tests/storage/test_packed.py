"""Members of packs: read as files of their own, refused once their pack is another one."""

import hashlib
import os
from pathlib import Path

import pytest

from service.storage.ranges import Span
from service.storage.state import Changed, Damaged, FileState, state_of
from service.storage.store import PACKED, Store, store_of

CONTENT = b"first|second member|third"
POSITION, SIZE = 6, 13
MEMBER = CONTENT[POSITION : POSITION + SIZE]
SUM = hashlib.sha256(MEMBER).digest()


def pack(root: Path) -> tuple[Store, str, FileState]:
    """A store with one pack, the path of its second member, the state it is known by."""
    (root / "packs").mkdir()
    (root / "packs" / "1").write_bytes(CONTENT)
    known = state_of((root / "packs" / "1").stat())._replace(size=SIZE)
    return store_of(f"{PACKED}{root}"), f"packs/1:{POSITION}:{len(CONTENT)}", known


def test_a_member_is_read_as_a_file(tmp_path: Path) -> None:
    """Whole and by offset, never beyond its end, from the root as another process has it too."""
    store, path, known = pack(tmp_path)
    buffer = memoryview(bytearray(SIZE))
    assert store.read_whole(path, known, buffer)
    assert bytes(buffer) == MEMBER
    with store_of(store.root).open(path, known, SUM, Span(7, SIZE)) as file:
        found = bytearray(100)
        assert file.read_into(found, 7) == SIZE - 7
        assert found[: SIZE - 7] == MEMBER[7:]
        assert file.sha256() == SUM
        assert file.state == known


def test_a_member_of_another_pack_is_refused(tmp_path: Path) -> None:
    """A changed or a vanished pack is damage; one that differs in its ctime alone is compared."""
    store, path, known = pack(tmp_path)
    file = tmp_path / "packs" / "1"
    file.chmod(0o640)
    assert state_of(file.stat()).ctime_ns != known.ctime_ns
    with store.open(path, known, SUM) as same:
        assert same.sha256() == SUM
    with pytest.raises(Changed):
        store.open(path, known, bytes(32))
    file.write_bytes(CONTENT.swapcase())
    os.utime(file, ns=(known.mtime_ns, known.mtime_ns))
    with pytest.raises(Changed, match="contents"):
        store.open(path, known, SUM)
    (tmp_path / "packs" / "2").touch()
    file.unlink()
    with pytest.raises(Damaged, match="vanished"):
        store.open(path, known, SUM)
    assert not store.read_whole(path, known, memoryview(bytearray(SIZE)))
