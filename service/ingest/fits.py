"""One FITS file: its HDUs checked against its length, and arrays where a reader needs them.

FITS 4.0 §3 (structure), §5-7 (data), §10 (compression); gzip and bzip2 around a whole file.
"""

import bz2
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from service.ingest.facts import Refusal
from service.ingest.header import Header, Value

BLOCK = 2880
_MAX_HEADER = 4 * 2**20
MAX_UNPACKED = 2**30
_END = re.compile(rb"END {77}")
_SIZES = {"L": 1, "X": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16}
_SIZES |= {"P": 8, "Q": 16}
_DTYPES = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_IMAGE_DTYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_TFORM = re.compile(r"(\d*)([LXBIJKAEDCMPQ])")


class Source(Protocol):
    """Random access to the bytes of a file, decompressed."""

    size: int

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`."""


@dataclass(slots=True)
class Bytes:
    """A file that is in memory."""

    data: bytes
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = len(self.data)

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`."""
        return self.data[offset : offset + count]


def unpack(data: bytes, most: int = MAX_UNPACKED) -> bytes:
    """The bytes inside a gzip or bzip2 file, `most` of them; other bytes as they are."""
    try:
        if data[:2] == b"\x1f\x8b":
            unpacker: Any = zlib.decompressobj(wbits=31)
            plain: bytes = unpacker.decompress(data, most)
        elif data[:3] == b"BZh":
            unpacker = bz2.BZ2Decompressor()
            plain = unpacker.decompress(data, most)
        else:
            return data
    except (zlib.error, OSError, EOFError) as error:
        raise Refusal(f"the compressed file is damaged ({error})") from None
    if len(plain) >= MAX_UNPACKED:
        raise Refusal("unpacks to more than 1 GiB; store it tile-compressed (fpack) or plain")
    if len(plain) >= most:
        raise Refusal(f"unpacks to more than {most >> 20} MiB")
    if not unpacker.eof:
        raise Refusal("the compressed file ends too early: it was truncated")
    return plain


@dataclass
class Hdu:
    """A header, and where its data lie."""

    index: int
    header: Header
    source: Source
    data_offset: int
    data_size: int

    @cached_property
    def name(self) -> str:
        """EXTNAME in upper case, "" where there is none."""
        return (self.header.text("EXTNAME") or "").upper()

    @cached_property
    def compressed(self) -> bool:
        """A tile-compressed image, FITS 4.0 §10.1."""
        return self.header.flag("ZIMAGE") is True

    @cached_property
    def is_table(self) -> bool:
        """A binary or ASCII table that is no compressed image."""
        return (self.header.text("XTENSION") or "") in (
            "BINTABLE",
            "TABLE",
            "A3DTABLE",
        ) and not self.compressed

    @cached_property
    def is_image(self) -> bool:
        """A primary array or image extension, also tile-compressed, that has pixels."""
        kind = self.header.text("XTENSION")
        return (kind in (None, "IMAGE", "IUEIMAGE") or self.compressed) and bool(self.shape)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """NAXIS1, NAXIS2, ... of the image (of the uncompressed one), in FITS order; () if none."""
        z = "Z" if self.compressed else ""
        axes = tuple(
            self.header.integer(f"{z}NAXIS{i + 1}") for i in range(self.header.integer(f"{z}NAXIS"))
        )
        return () if 0 in axes else axes

    @property
    def rows(self) -> int:
        """NAXIS2 of a table."""
        return self.header.integer("NAXIS2")

    @cached_property
    def columns(self) -> list[str]:
        """TTYPEn in the table's order, "" for a column without name."""
        return [
            self.header.text(f"TTYPE{i + 1}") or "" for i in range(self.header.integer("TFIELDS"))
        ]

    def column_number(self, name: str) -> int | None:
        """n of TTYPEn, names compared without case."""
        for i, column in enumerate(self.columns):
            if column.upper() == name.upper():
                return i + 1
        return None

    def column_length(self, number: int) -> int:
        """Elements in a cell of a column."""
        match = _TFORM.match(self.header.text(f"TFORM{number}") or "")
        return int(match[1] or 1) if match else 1

    def column(self, number: int) -> NDArray[Any] | None:
        """All elements of a numeric or text column of a binary table, shape (rows, elements).

        Scaled by TSCALn, TZEROn. None for kinds without plain numbers (bits, complex) and for
        ASCII tables.
        """
        if self.header.text("XTENSION") != "BINTABLE" or not self.rows:
            return None
        offset = 0
        for i in range(1, number + 1):
            match = _TFORM.match(self.header.text(f"TFORM{i}") or "")
            if match is None:
                return None
            count, kind = int(match[1] or 1), match[2]
            if i < number:
                offset += (count + 7) // 8 if kind == "X" else count * _SIZES[kind]
        if kind in "PQ":
            return self._variable(number, offset, kind)
        if kind not in _DTYPES and kind != "A":
            return None
        width = self.header.integer("NAXIS1")
        size = count * _SIZES[kind]
        if offset + size > width or width * self.rows > self.data_size:
            raise Refusal(f"the cards of the table in HDU {self.index} contradict each other")
        raw = self.source.read(self.data_offset, width * self.rows)
        table = np.frombuffer(raw, "u1").reshape(self.rows, width)[:, offset : offset + size]
        if kind == "A":
            return np.ascontiguousarray(table).view(f"S{count}") if count else None
        values = np.ascontiguousarray(table).view(_DTYPES[kind])
        return self._scaled(values, f"TSCAL{number}", f"TZERO{number}")

    def _variable(self, number: int, offset: int, kind: str) -> NDArray[Any] | None:
        """The first row of a variable-length column, as one row (FITS 4.0 §7.3.5)."""
        match = re.search(r"[PQ]([BIJKED])", self.header.text(f"TFORM{number}") or "")
        if match is None:
            return None
        form = ">i4" if kind == "P" else ">i8"
        at = self.data_offset + offset
        count, start = np.frombuffer(self.source.read(at, 2 * int(form[2])), form)
        width = self.header.integer("NAXIS1")
        heap = self.data_offset + self.header.integer("THEAP", width * self.rows)
        raw = self.source.read(heap + int(start), int(count) * _SIZES[match[1]])
        values = np.frombuffer(raw, _DTYPES[match[1]]).reshape(1, -1)
        return self._scaled(values, f"TSCAL{number}", f"TZERO{number}")

    def image(self) -> NDArray[Any]:
        """The pixels of an uncompressed image, flat, scaled by BSCALE, BZERO."""
        form = _IMAGE_DTYPES.get(self.header.integer("BITPIX"))
        if form is None or self.compressed:
            raise Refusal(f"the pixels of HDU {self.index} cannot be read as an array")
        raw = self.source.read(self.data_offset, self.data_size)
        return self._scaled(np.frombuffer(raw, form), "BSCALE", "BZERO")

    def _scaled(self, values: NDArray[Any], scale: str, zero: str) -> NDArray[Any]:
        factor, start = self.header.number(scale), self.header.number(zero)
        if factor in (None, 1.0) and start in (None, 0.0):
            return values
        return values * (1.0 if factor is None else factor) + (start or 0.0)


@dataclass
class FitsFile:
    """The HDUs of a file, `path` relative to the collection's root with `/` between its parts."""

    path: str
    hdus: list[Hdu]
    root: str = ""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def primary(self) -> Header:
        """The first header."""
        return self.hdus[0].header

    @cached_property
    def images(self) -> list[Hdu]:
        """HDUs with pixels."""
        return [hdu for hdu in self.hdus if hdu.is_image]

    @cached_property
    def tables(self) -> list[Hdu]:
        """HDUs with a table."""
        return [hdu for hdu in self.hdus if hdu.is_table]

    def named(self, name: str) -> Hdu | None:
        """The first HDU of that EXTNAME."""
        return next((hdu for hdu in self.hdus if hdu.name == name), None)


def _read_header(source: Source, offset: int) -> bytes:
    """The bytes of a header from `offset`, up to and with the block of its END card."""
    header = b""
    while len(header) < _MAX_HEADER:
        wanted = BLOCK * (4 if not header else 16)
        more = source.read(offset + len(header), wanted)
        seen = max(0, len(header) - 80)
        header += more
        for match in _END.finditer(header, seen):
            if match.start() % 80 == 0:
                return header[: (match.end() + BLOCK - 1) // BLOCK * BLOCK]
        if len(more) < wanted:
            raise Refusal("the file ends inside a header: it was truncated")
    raise Refusal("a header has no END card")


def _data_size(header: Header, index: int) -> int:
    """Bytes of data that the header promises (FITS 4.0 §4.4.1, equation 2)."""
    if header.integer("NAXIS") == 0:
        return 0
    if not 0 < header.integer("NAXIS") < 1000:
        raise Refusal(f"HDU {index} has a wrong NAXIS card")
    count = 1
    axes = [header.integer(f"NAXIS{i + 1}", -1) for i in range(header.integer("NAXIS"))]
    groups = index == 0 and axes[0] == 0 and header.flag("GROUPS") is True
    for axis in axes[1:] if groups else axes:
        if axis < 0:
            raise Refusal(f"HDU {index} has no NAXISn card for one of its axes")
        count *= axis
    bits = abs(header.integer("BITPIX"))
    return bits // 8 * header.integer("GCOUNT", 1) * (header.integer("PCOUNT") + count)


def open_fits(
    path: str, source: Source, overrides: Mapping[str, Value] | None = None, root: str = ""
) -> FitsFile:
    """Read the headers of all HDUs and check that the data they promise are there.

    Raises Refusal for what is no FITS file, or ends before its data do.
    """
    if source.size == 0:
        raise Refusal("the file is empty (0 bytes)")
    if source.read(0, 9) != b"SIMPLE  =":
        raise Refusal("not a FITS file: it does not begin with SIMPLE")
    hdus: list[Hdu] = []
    offset = 0
    while offset < source.size:
        if hdus and source.read(offset, 8) != b"XTENSION":
            break  # special records or padding after the last HDU, FITS 4.0 §3.5
        raw = _read_header(source, offset)
        header = Header(raw, overrides)
        offset += len(raw)
        size = _data_size(header, len(hdus))
        if offset + size > source.size:
            raise Refusal(
                f"HDU {len(hdus)} promises {size} bytes of data, {source.size - offset} are there: "
                "the file was truncated, or its NAXIS cards are wrong"
            )
        hdus.append(Hdu(len(hdus), header, source, offset, size))
        offset += (size + BLOCK - 1) // BLOCK * BLOCK
    return FitsFile(path, hdus, root)
