"""FITS binary tables, some rows at a time (FITS 4.0 §7.3), without mapping the file.

Read from the octets with the header's own words: the record's layout from TFORM, values scaled by
TSCAL and TZERO, TNULL and NaN as NULL, arrays of the heap where their descriptors say.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
from astropy.io import fits

from adql.columns import ColumnMeta
from service.results.pieces import Octets, Offsets
from service.tables import big_endian
from service.tables.readers.fits_columns import FITSColumn, columns_of
from service.tables.readers.fits_heap import heap_block
from service.tables.readers.votable import read_metadata
from service.tables.table import BATCH_ROWS, Place, TableHead, is_array

_CHUNK_BYTES = 4 << 20


class FITSTable:
    """An open binary table: the extension asked for by name or number, or the first there is."""

    def __init__(self, path: Path, wanted: str | None, *, said_by: Path | None = None) -> None:
        self._path = said_by or path
        self._file: IO[bytes] = path.open("rb")
        self.notes: list[str] = []
        try:
            with fits.open(self._file, lazy_load_hdus=True, disable_image_compression=True) as hdus:
                header, self._data_at = self._choose(hdus, wanted)
                plus = _fits_plus(hdus, self._path)
        except (OSError, ValueError, TypeError, fits.VerifyError) as error:
            raise Place(self._path).error(f"not a readable FITS file: {error}") from None
        self._file = path.open("rb")
        self._width = int(header["NAXIS1"])
        self._rows = int(header["NAXIS2"])
        self._heap_at = self._data_at + int(header.get("THEAP", self._width * self._rows))
        self._columns = columns_of(header, Place(self._path))
        metas = _described([column.meta for column in self._columns], plus)
        self.head = TableHead(
            columns=tuple(metas),
            rows=self._rows,
            title=str(header.get("EXTNAME") or "") or None,
            frame=str(header.get("RADESYS") or header.get("RADECSYS") or "") or None,
        )

    def _choose(self, hdus: fits.HDUList, wanted: str | None) -> tuple[fits.Header, int]:
        tables = [
            (number, hdu)
            for number, hdu in enumerate(hdus)
            if isinstance(hdu, fits.BinTableHDU) and not hdu.header.get("ZIMAGE", False)
        ]
        named = [(n, h) for n, h in tables if wanted in (None, str(n), h.name)]
        listed = ", ".join(f"{n} {h.name}".strip() for n, h in tables)
        if not named:
            asked = "no binary table" if wanted is None else f"no binary table {wanted!r}"
            raise Place(self._path).error(
                f"there is {asked} in it" + (f"; it has {listed}" if listed else "")
            )
        number, hdu = named[0]
        if hdu.header.get("ZTABLE", False):
            raise Place(self._path).error("its table is compressed; unpack it with funpack")
        if wanted is None and len(tables) > 1:
            self.notes.append(
                f"the file has the tables {listed}; number {number} was read (--table chooses)"
            )
        return hdu.header.copy(), int(hdu.fileinfo()["datLoc"])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows."""
        step = max(1, min(BATCH_ROWS, _CHUNK_BYTES // max(self._width, 1)))
        with self._file as file:
            for first in range(0, self._rows, step):
                rows = min(step, self._rows - first)
                file.seek(self._data_at + first * self._width)
                data = file.read(rows * self._width)
                if len(data) < rows * self._width:
                    raise Place(self._path, first + len(data) // max(self._width, 1) + 1).error(
                        "the file ends within its table; fetch or write it again"
                    )
                octets = np.frombuffer(data, np.uint8)
                records = np.arange(rows, dtype=np.int64) * self._width
                arrays = [self._array(c, octets, records, first) for c in self._columns]
                yield pa.RecordBatch.from_arrays(arrays, [str(i) for i in range(len(arrays))])

    def _array(self, column: FITSColumn, octets: Octets, records: Offsets, first: int) -> pa.Array:
        place = Place(self._path, first, column.meta.name)
        starts = records + column.offset
        counts = np.full(len(records), column.repeat, np.int64)
        if column.descriptor:
            octets, starts, counts = heap_block(
                self._file, self._heap_at, octets, starts, column, place
            )
        null = np.zeros(len(records), bool)
        if column.code == "A":
            texts = big_endian.strings(octets, starts, counts, null, place)
            return big_endian.empty_as_null(_without_padding(texts))
        if column.code == "X":
            return big_endian.bits(octets, starts, counts, null)
        if is_array(column.meta):
            counts = counts * column.parts
            found = big_endian.lists(octets, starts, counts, column.stored, null, column.null)
            if not column.scaled:
                return found
            values = column.physical(found.values, place)
            return pa.ListArray.from_arrays(found.offsets, values, mask=found.is_null())
        found = big_endian.scalars(octets, starts, column.stored, null, column.null)
        return column.physical(found, place) if column.scaled else found


def _without_padding(texts: pa.Array) -> pa.Array:
    """Strings without the blanks that fill them up to their width."""
    import pyarrow.compute as pc

    return pc.utf8_rtrim(texts, characters=" ")


def _fits_plus(hdus: fits.HDUList, path: Path) -> tuple[ColumnMeta, ...]:
    """The columns as STILTS describes them in the primary HDU of its fits-plus files."""
    primary = hdus[0]
    if not primary.header.get("VOTMETA", False) or primary.data is None:
        return ()
    return read_metadata(primary.data.tobytes(), path)


def _described(columns: list[ColumnMeta], said: tuple[ColumnMeta, ...]) -> list[ColumnMeta]:
    """The columns with what a VOTable header says of them, where it has as many."""
    if len(said) != len(columns):
        return columns
    return [
        ColumnMeta(
            name=meta.name,
            datatype=meta.datatype,
            arraysize=meta.arraysize,
            xtype=meta.xtype or other.xtype,
            unit=meta.unit or other.unit,
            ucd=meta.ucd or other.ucd,
            utype=meta.utype or other.utype,
            description=other.description or meta.description,
        )
        for meta, other in zip(columns, said, strict=True)
    ]
