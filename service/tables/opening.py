"""A file's format, told from its first octets, and its octets without compression."""

import bz2
import gzip
import lzma
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from service.tables.table import Place

_COMPRESSED: dict[bytes, Callable[[Path], IO[bytes]]] = {
    b"\x1f\x8b": lambda path: cast(IO[bytes], gzip.GzipFile(path)),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
}
_HEAD_BYTES = 2048


def open_bytes(path: Path) -> IO[bytes]:
    """The octets of a file, unpacked where it is compressed."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
        for magic, opener in _COMPRESSED.items():
            if start.startswith(magic):
                return opener(path)
        return path.open("rb")
    except OSError as error:
        raise Place(path).error(f"it cannot be read: {error.strerror}") from None


def format_of(path: Path) -> str:
    """votable, fits, parquet, ecsv or csv; TableError for anything else."""
    with open_bytes(path) as file:
        start = file.read(_HEAD_BYTES)
    if start.startswith(b"SIMPLE  ="):
        return "fits"
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"# %ECSV"):
        return "ecsv"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"<", b"\xff\xfe<", b"\xfe\xff")):
        return "votable"
    if b"\0" in start:
        raise Place(path).error(
            "it is no VOTable, FITS, Parquet, ECSV or CSV file; convert it: stilts tcopy"
        )
    return "csv"


@contextmanager
def plain_file(path: Path) -> Iterator[Path]:
    """The file itself, or its unpacked copy for the time of the block."""
    with open_bytes(path) as file:
        if type(file).__module__ == "_io":
            yield path
            return
        with tempfile.NamedTemporaryFile() as spool:
            shutil.copyfileobj(file, spool, 1 << 20)
            spool.flush()
            yield Path(spool.name)
