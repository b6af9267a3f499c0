"""From a file to its open table, whatever its format."""

import gzip
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.tables.opening import format_of, open_bytes, plain_file
from service.tables.table import Place, Source


@contextmanager
def open_table(
    path: Path, wanted: str | None = None, types: dict[str, str] | None = None
) -> Iterator[Source]:
    """The table of a file, open for the time of the block.

    `wanted` chooses among the tables of a VOTable or FITS file by name or number; `types` gives the
    datatypes of a CSV file's columns. Raises TableError.
    """
    if not path.is_file():
        raise Place(path).error("there is no such file" if not path.exists() else "it is no file")
    try:
        with _open(path, wanted, types) as source:
            yield source
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
        raise Place(path).error(
            f"it cannot be unpacked to its end ({error}); fetch or write it again"
        ) from None


@contextmanager
def _open(path: Path, wanted: str | None, types: dict[str, str] | None) -> Iterator[Source]:
    kind = format_of(path)
    if wanted is not None and kind not in ("votable", "fits"):
        raise Place(path).error(f"a {kind} file has one table; leave --table out")
    if kind == "votable":
        from service.tables.readers.votable import VOTable

        with open_bytes(path) as file:
            yield VOTable(file, path, wanted)
    elif kind == "fits":
        from service.tables.readers.fits import FITSTable

        with plain_file(path) as plain:
            yield FITSTable(plain, wanted, said_by=path)
    elif kind == "parquet":
        from service.tables.readers.parquet import ParquetTable

        yield ParquetTable(path)
    elif kind == "ecsv":
        from service.tables.readers.ecsv import ECSVTable

        yield ECSVTable(path)
    else:
        from service.tables.readers.separated import SeparatedTable

        yield SeparatedTable(path, types)
