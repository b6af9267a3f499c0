"""VOTable's BINARY2: each row its NULL flags and its values, base64 (VOTable 1.4 §5.3).

PostgreSQL's bytes are big-endian as VOTable's are, so a row is made by choosing pieces of what
arrived; nothing is computed but flags, letters for booleans, and UTF-16.
"""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pybase64

from service.errors import StarhaulError
from service.results import votable
from service.results.arrays import elements
from service.results.batch import Batch, Octets, Offsets, gather
from service.results.format import Format, Head, Lines, Outcome
from service.results.wire import CopyForm, WireColumn

_WIDTHS = {"unsignedByte": 1, "short": 2, "int": 4, "long": 8, "float": 4, "double": 8}


@dataclass(frozen=True, slots=True)
class _Piece:
    """One piece of each row: where it begins in the batch's bytes and its additions, how long."""

    start: Offsets
    length: Offsets


class _Source:
    """The bytes of a batch and what was added to them, as one array to choose from.

    Eight zero bytes lie at `zeros`.
    """

    def __init__(self, batch: Batch) -> None:
        self._parts: list[Octets] = [batch.octets]
        self._size = len(batch.octets)
        self.zeros = self.add(bytes(8))

    def add(self, octets: Octets | bytes) -> int:
        """Append; the position of the first byte."""
        part = np.frombuffer(octets, np.uint8) if isinstance(octets, bytes) else octets
        at = self._size
        self._parts.append(part)
        self._size += len(part)
        return at

    def whole(self) -> Octets:
        """Everything."""
        return np.concatenate(self._parts)


class Binary2Encoder:
    """Encodes one result. A `char` column is sent as unicodeChar if its first rows need it."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._wide = [c.meta.datatype == "unicodeChar" for c in head.columns]
        self._after = b""
        self._rest = b""

    def begin(self, first: Batch | Lines | None) -> bytes:
        """The document up to its first row."""
        if isinstance(first, Batch):
            self._wide = [
                wide or (column.is_text and not _is_ascii(first, index))
                for index, (column, wide) in enumerate(
                    zip(self._head.columns, self._wide, strict=True)
                )
            ]
        before, after = votable.document(self._head, "BINARY2", self._wide)
        self._after = b"\n</STREAM>" + after
        return before + b'<STREAM encoding="base64">\n'

    def rows(self, rows: Batch | Lines) -> bytes:
        """Rows in base64; up to two bytes wait for the next call."""
        assert isinstance(rows, Batch)
        octets = self._rest + self.packed(rows)
        whole = len(octets) - len(octets) % 3
        self._rest = octets[whole:]
        return pybase64.b64encode(octets[:whole]) + b"\n" if whole else b""

    def end(self, outcome: Outcome) -> tuple[bytes, ...]:
        """The last bytes and the end of the document."""
        return (pybase64.b64encode(self._rest) + votable.end(self._after, outcome),)

    def packed(self, batch: Batch) -> bytes:
        """The rows as BINARY2 without base64."""
        if not batch.rows:
            return b""
        source = _Source(batch)
        pieces = [_flags(batch, source)]
        for index, column in enumerate(batch.columns):
            pieces += self._pieces(batch, index, column, source)
        start = np.stack([piece.start for piece in pieces], axis=1).ravel()
        length = np.stack([piece.length for piece in pieces], axis=1).ravel()
        return gather(source.whole(), start, length).tobytes()

    def _pieces(
        self, batch: Batch, index: int, column: WireColumn, source: _Source
    ) -> list[_Piece]:
        if column.is_array:
            return [_array(batch, index, column, source)]
        if column.is_text and self._wide[index]:
            return _utf16(batch, index, source)
        if column.is_text:
            return [_ascii(batch, index, column, source)]
        if column.meta.datatype == "boolean":
            return [_boolean(batch, index, source)]
        return [_number(batch, index, column, source)]


def _constant(value: int, rows: int) -> Offsets:
    return np.full(rows, value, np.int64)


def _joined(parts: list[bytes], source: _Source) -> _Piece:
    """Pieces made one by one, added to the source."""
    length = np.fromiter((len(part) for part in parts), np.int64, len(parts))
    return _Piece(source.add(b"".join(parts)) + np.cumsum(length) - length, length)


def _flags(batch: Batch, source: _Source) -> _Piece:
    """One bit a column, first column first, set where the value is NULL."""
    null = np.stack([span.null for span in batch.spans], axis=1)
    octets = np.packbits(null, axis=1)
    width = octets.shape[1]
    at = source.add(octets.ravel())
    return _Piece(at + width * np.arange(batch.rows), _constant(width, batch.rows))


def _number(batch: Batch, index: int, column: WireColumn, source: _Source) -> _Piece:
    width = _WIDTHS[column.meta.datatype]
    span = batch.spans[index]
    skipped = (column.width or width) - width  # the upper byte of an unsignedByte's smallint
    start = span.start + skipped
    if span.null.any():
        start = np.where(span.null, source.zeros, start)
    return _Piece(start, _constant(width, batch.rows))


def _boolean(batch: Batch, index: int, source: _Source) -> _Piece:
    at = source.add(b"FT ")
    letter = np.where(batch.spans[index].null, 2, batch.values(index).astype(np.int64))
    return _Piece(at + letter, _constant(1, batch.rows))


def _ascii(batch: Batch, index: int, column: WireColumn, source: _Source) -> _Piece:
    """Text as it arrived, its length before it, as in BINARY2."""
    if not _is_ascii(batch, index):
        # Its UTF-8 would be no VOTable 1.4, and astropy would refuse the whole document for it.
        raise StarhaulError(
            f"column {column.meta.name} is declared char, but a value that follows is not ASCII; "
            "ask for RESPONSEFORMAT=votable/td or csv, and tell the archive's operator to declare "
            "it unicodeChar"
        )
    span = batch.spans[index]
    start = np.where(span.null, source.zeros, span.start - 4)
    return _Piece(start, span.length + 4)


def _is_ascii(batch: Batch, index: int) -> bool:
    if batch.columns[index].is_moment:
        return True
    octets = batch.packed(index)
    return not octets.size or int(octets.max()) < 0x80


def _utf16(batch: Batch, index: int, source: _Source) -> list[_Piece]:
    """The number of UTF-16 code units, then the text in UTF-16BE."""
    octets = batch.packed(index)
    # A UTF-8 sequence is one code unit, or two from four bytes on.
    units_of_byte = ((octets & 0xC0) != 0x80).astype(np.int64) + (octets >= 0xF0)
    units_before = np.concatenate([[0], np.cumsum(units_of_byte)])
    ends = np.cumsum(batch.spans[index].length)
    units: npt.NDArray[np.int64] = (
        units_before[ends] - units_before[ends - batch.spans[index].length]
    )
    text = octets.tobytes().decode().encode("utf-16-be")
    counts_at = source.add(np.frombuffer(units.astype(">i4").tobytes(), np.uint8))
    text_at = source.add(text)
    return [
        _Piece(counts_at + 4 * np.arange(batch.rows), _constant(4, batch.rows)),
        _Piece(text_at + 2 * (np.cumsum(units) - units), 2 * units),
    ]


def _array(batch: Batch, index: int, column: WireColumn, source: _Source) -> _Piece:
    width = _WIDTHS.get(column.meta.datatype, 1)
    items = column.items
    parts = []
    for value in elements(batch, index):
        count = 0 if value is None else len(value) // width
        if items is None:
            parts.append(struct.pack(">i", count) + (value or b""))
        elif value is None:
            parts.append(bytes(items * width))
        elif count != items:
            raise StarhaulError(
                f"column {column.meta.name} is declared with {items} elements, "
                f"but a value has {count}"
            )
        else:
            parts.append(value)
    return _joined(parts, source)


FORMAT = Format(
    media_type="application/x-votable+xml",
    names=(
        "votable",
        "votable/b2",
        "votable/binary2",
        "application/x-votable+xml",
        "application/x-votable+xml;serialization=binary2",
        "text/xml",
    ),
    extension="vot",
    form=CopyForm.BINARY,
    encoder=Binary2Encoder,
    ivo_id="ivo://ivoa.net/std/TAPRegExt#output-votable-binary2",
)
