"""Arranging many members takes little memory, however many they are."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from service.bulk.arrangement import COPIED_FILE
from service.bulk.copied import COPIED
from service.bulk.layout import MANIFEST, SOURCES, read_layout
from tests.bulk.packages import COPY_HEADER
from tests.conftest import ROOT

_MEMBERS = 300_000
_MOST_BYTES = 60_000_000  # the layout alone has 40 MB of members and 27 MB of lines
_ARRANGE = """
import resource, sys
from pathlib import Path
from service.bulk.arrangement import write_layout
from service.bulk.bag import Package

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

before = peak()
write_layout(Path(sys.argv[1]), Package("bag", "0" * 32, 1780000000, "tar", int(sys.argv[2])))
print(peak() - before)
"""


def _members(directory: Path) -> None:
    """What COPY writes of files that are nowhere."""
    rows = np.zeros(_MEMBERS, dtype=COPIED)
    rows["seq"] = np.arange(_MEMBERS)
    rows["size"] = 5_000_000 + rows["seq"]
    paths = [f"night/{number:06d}.fits" for number in range(_MEMBERS)]
    rows["path_bytes"] = rows["source_bytes"] = len(paths[0])
    (directory / COPIED_FILE).write_bytes(COPY_HEADER + rows.tobytes() + b"\xff\xff")
    lines = "".join(f"{'0' * 64}  data/{path}\n" for path in paths)
    (directory / MANIFEST).write_text(lines)
    (directory / SOURCES).write_bytes(b"-")


def test_a_package_of_many_members_is_arranged_in_little_memory(tmp_path: Path) -> None:
    """In a process of its own, in one part."""
    _members(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", _ARRANGE, str(tmp_path), str(2**50)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < _MOST_BYTES
    layout = read_layout(tmp_path)
    assert len(layout.members) == _MEMBERS
    assert len(layout.parts) == 1
    last = layout.members[-1]
    padded = 512 * -(-int(last["size"]) // 512)
    assert last["start"] + last["header"] + padded == layout.parts[0].directory
