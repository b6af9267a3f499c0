"""What killed processes had received is removed; what may still be read is not."""

import os
import time
from pathlib import Path

from service.multipart import INCOMING, incoming_files, remove_abandoned


async def test_abandoned_files_are_removed(tmp_path: Path) -> None:
    await remove_abandoned(tmp_path)  # nothing there yet
    old, new = tmp_path / INCOMING / "old", tmp_path / INCOMING / "new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "part").write_text("x")
    yesterday = time.time() - 25 * 3600
    os.utime(old, (yesterday, yesterday))
    await remove_abandoned(tmp_path)
    assert not old.exists()
    assert (new / "part").exists()


async def test_files_go_with_their_request(tmp_path: Path) -> None:
    async with incoming_files(tmp_path, 10) as place:
        place.folder.mkdir(parents=True)
        (place.folder / "part").write_text("x")
    assert list((tmp_path / INCOMING).iterdir()) == []
