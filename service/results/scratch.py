"""Files for rows that have to wait: without a name, gone with the last reference to them."""

import tempfile
from pathlib import Path
from typing import BinaryIO


def unnamed_file(folder: str | None) -> BinaryIO:
    """An empty file in `folder`, which is made; None is the system's place, which may be memory."""
    if folder is not None:
        Path(folder).mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder)
