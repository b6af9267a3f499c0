"""The table that a tile-compressed image is kept in: where each tile is, and how it was packed.

FITS 4.0 §10.1.3: a row a tile, its bytes in the heap behind the rows.
"""

import re
import struct
from typing import NamedTuple

from service.cutouts.errors import NotCuttable
from service.cutouts.opened import Opened
from service.ingest.fits import Hdu

_TFORM = re.compile(r"(\d*)([LXBIJKAEDCMPQ])(?:([BIJKED]))?")
_SIZES = {"L": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16}
_FORMS = {"B": "B", "I": "h", "J": "i", "K": "q", "E": "f", "D": "d", "P": "2i", "Q": "2q"}
_ARRAYS = ("COMPRESSED_DATA", "GZIP_COMPRESSED_DATA", "UNCOMPRESSED_DATA")
_NUMBERS = ("ZSCALE", "ZZERO", "ZBLANK")


class Tile(NamedTuple):
    """Where the bytes of a tile are, and by which codec.

    `scale` and `zero` turn quantized values to floats, `blank` is the value of pixels without one.
    """

    span: tuple[int, int]  # offset in the file, and size
    codec: str
    scale: float | None
    zero: float | None
    blank: float | None


class TileTable:
    """The columns of the table; its rows are read as they are wanted."""

    def __init__(self, hdu: Hdu, file: Opened, codec: str) -> None:
        """NotCuttable for columns that are not those of a compressed image."""
        header = hdu.header
        self._hdu, self._file = hdu, file
        self._width = header.integer("NAXIS1")
        self._heap = hdu.data_offset + header.integer("THEAP", self._width * hdu.rows)
        self._codecs = dict(zip(_ARRAYS, (codec, "GZIP_1", "NOCOMPRESS"), strict=True))
        self._places: dict[str, tuple[int, str]] = {}  # of a value in a row, and the kind of array
        self._row = self._read_columns()
        if "COMPRESSED_DATA" not in self._places:
            raise self._wrong("has no column COMPRESSED_DATA")
        blank = header.number("ZBLANK")
        self._cards = {name: header.number(name) for name in _NUMBERS}
        self._cards["ZBLANK"] = header.number("BLANK") if blank is None else blank
        self.quantized = "ZSCALE" in self._places or "ZSCALE" in header

    def _wrong(self, what: str) -> NotCuttable:
        return NotCuttable(f"the compressed image in HDU {self._hdu.index} {what}")

    def _read_columns(self) -> struct.Struct:
        """How a row is taken apart."""
        forms, place = [], 0
        for i, name in enumerate(self._hdu.columns, start=1):
            form = _TFORM.match(self._hdu.header.text(f"TFORM{i}") or "")
            if form is None:
                raise self._wrong(f"has a TFORM{i} that is not known")
            count, kind = int(form[1] or 1), form[2]
            known = name.upper() in _ARRAYS and kind in "PQ" and form[3]
            if count == 1 and (known or (name.upper() in _NUMBERS and kind in "BIJKED")):
                self._places[name.upper()] = (place, form[3] or "")
                forms.append(_FORMS[kind])
                place += 2 if known else 1
            else:
                size = (8 if kind == "P" else 16) if kind in "PQ" else _SIZES.get(kind, 1)
                forms.append(f"{(count + 7) // 8 if kind == 'X' else count * size}x")
        row = struct.Struct(">" + "".join(forms))
        if row.size > self._width:
            raise self._wrong("has columns that are wider than its rows")
        return row

    def tiles(self, rows: list[int]) -> list[Tile]:
        """The tiles of some rows, ascending; rows that follow each other are read together."""
        found, start = [], 0
        while start < len(rows):
            stop = start + 1
            while stop < len(rows) and rows[stop] == rows[stop - 1] + 1:
                stop += 1
            table = bytearray((stop - start) * self._width)
            self._file.fill(table, self._hdu.data_offset + rows[start] * self._width)
            found += [
                self._tile(self._row.unpack_from(table, at), rows[start + at // self._width])
                for at in range(0, len(table), self._width)
            ]
            start = stop
        return found

    def _tile(self, values: tuple[float, ...], row: int) -> Tile:
        for column, codec in self._codecs.items():
            if column not in self._places:
                continue
            place, of = self._places[column]
            count, start = int(values[place]), int(values[place + 1])
            if count <= 0:
                continue
            at, size = self._heap + start, count * _SIZES[of]
            if start < 0 or at + size > self._hdu.data_offset + self._hdu.data_size:
                raise self._wrong(f"has its tile {row + 1} beyond its heap")
            scale, zero, blank = (
                values[self._places[name][0]] if name in self._places else self._cards[name]
                for name in _NUMBERS
            )
            return Tile((at, size), codec, scale, zero, blank)
        raise self._wrong(f"has nothing in its tile {row + 1}")
