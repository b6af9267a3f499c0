"""VOTable's BINARY2: each row its NULL flags and its values, base64 (VOTable 1.4 §5.3).

PostgreSQL's bytes are big-endian as VOTable's are, so a row is made by choosing pieces of what
arrived; nothing is computed but flags, letters for booleans, and UTF-16.
"""

import struct
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pybase64

from service.errors import StarhaulError
from service.results import votable
from service.results.arrays import elements
from service.results.batch import Batch
from service.results.format import Format, Head, Lines, Outcome
from service.results.pieces import Flags, Octets, Offsets, gather, move
from service.results.wire import CopyForm, WireColumn

_WIDTHS = {"unsignedByte": 1, "short": 2, "int": 4, "long": 8, "float": 4, "double": 8}


@dataclass(frozen=True, slots=True)
class _Piece:
    """One piece of each row: where it begins in `octets`, and how long it is. NULL is all zeros."""

    octets: Octets
    start: Offsets
    length: Offsets | int
    null: Flags | None = None

    def moves(self, at: Offsets) -> tuple[Offsets, Offsets, Offsets | int]:
        """To where, from where and how much is to be moved, into a table of zeros."""
        if self.null is None or not self.null.any():
            return at, self.start, self.length
        present = np.flatnonzero(~self.null)
        length = self.length if isinstance(self.length, int) else self.length[present]
        return at[present], self.start[present], length


class Binary2Encoder:
    """Encodes one result. A `char` column is sent as unicodeChar if its first rows need it."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._wide = [c.meta.datatype == "unicodeChar" for c in head.columns]
        self._after = b""
        self._rest = np.empty(0, np.uint8)

    def begin(self, first: Batch | Lines | None) -> bytes:
        """The document up to its first row."""
        if isinstance(first, Batch):
            self._wide = [
                wide or (column.is_text and not _is_ascii(first, [index]))
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
        if not rows.rows:
            return b""
        octets = self.packed(rows)
        whole = len(octets) - len(octets) % 3
        self._rest = octets[whole:].copy()
        return pybase64.b64encode(octets[:whole].data) + b"\n"

    def end(self, outcome: Outcome) -> tuple[bytes, ...]:
        """The last bytes and the end of the document."""
        return (pybase64.b64encode(self._rest.data) + votable.end(self._after, outcome),)

    def packed(self, batch: Batch) -> Octets:
        """The rows as BINARY2 without base64, after the bytes that wait."""
        self._refuse_wide(batch)
        pieces = [_flags(batch)]
        for index, column in enumerate(batch.columns):
            pieces += self._pieces(batch, index, column)
        ends = np.cumsum(sum((piece.length for piece in pieces), np.zeros(batch.rows, np.int64)))
        waiting = len(self._rest)
        table = np.zeros(waiting + int(ends[-1]), np.uint8)
        table[:waiting] = self._rest
        at = np.concatenate([[0], ends[:-1]]) + waiting
        # Those of one size at once, for all columns: there may be many columns and few rows.
        alike: dict[int | None, list[tuple[Offsets, Offsets, Offsets | int]]] = defaultdict(list)
        for piece in pieces:
            to, start, length = piece.moves(at)
            if piece.octets is batch.octets:
                alike[length if isinstance(length, int) else None].append((to, start, length))
            else:
                move(table, to, piece.octets, start, length)
            at = at + piece.length
        for size, moves in alike.items():
            to, start = (np.concatenate([each[side] for each in moves]) for side in (0, 1))
            various = size if size is not None else np.concatenate([each[2] for each in moves])
            move(table, to, batch.octets, start, various)
        return table

    def _refuse_wide(self, batch: Batch) -> None:
        """StarhaulError where a text is not what its column was said to hold."""
        plain = [
            index
            for index, column in enumerate(batch.columns)
            if column.is_text and not column.is_moment and not self._wide[index]
        ]
        if _is_ascii(batch, plain):
            return
        name = next(batch.columns[i].meta.name for i in plain if not _is_ascii(batch, [i]))
        # Its UTF-8 would be no VOTable 1.4, and astropy would refuse the whole document for it.
        raise StarhaulError(
            f"column {name} is declared char, but a value that follows is not ASCII; "
            "ask for RESPONSEFORMAT=votable/td or csv, and tell the archive's operator to declare "
            "it unicodeChar"
        )

    def _pieces(self, batch: Batch, index: int, column: WireColumn) -> list[_Piece]:
        if column.is_array:
            return [_array(batch, index, column)]
        if column.is_text and self._wide[index]:
            return _utf16(batch, index)
        if column.is_text:
            return [_ascii(batch, index)]
        if column.meta.datatype == "boolean":
            return [_boolean(batch, index)]
        return [_number(batch, index, column)]


def _places(width: int, rows: int) -> Offsets:
    return width * np.arange(rows)


def _flags(batch: Batch) -> _Piece:
    """One bit a column, first column first, set where the value is NULL."""
    octets = np.zeros((batch.rows, -(-len(batch.spans) // 8)), np.uint8)
    for index, span in enumerate(batch.spans):
        if span.null.any():
            octets[:, index // 8] |= span.null.view(np.uint8) << (7 - index % 8)
    width = octets.shape[1]
    return _Piece(octets.ravel(), _places(width, batch.rows), width)


def _number(batch: Batch, index: int, column: WireColumn) -> _Piece:
    width = _WIDTHS[column.meta.datatype]
    span = batch.spans[index]
    skipped = (column.width or width) - width  # the upper byte of an unsignedByte's smallint
    return _Piece(batch.octets, span.start + skipped, width, span.null)


def _boolean(batch: Batch, index: int) -> _Piece:
    letters = np.where(batch.values(index), ord("T"), ord("F")).astype(np.uint8)
    letters[batch.spans[index].null] = ord(" ")
    return _Piece(letters, _places(1, batch.rows), 1)


def _ascii(batch: Batch, index: int) -> _Piece:
    """Text as it arrived, its length before it, as in BINARY2."""
    span = batch.spans[index]
    shortest, longest = int(span.length.min()), int(span.length.max())
    length = longest + 4 if shortest == longest else span.length + 4
    return _Piece(batch.octets, span.start - 4, length, span.null)


def _is_ascii(batch: Batch, indices: Sequence[int]) -> bool:
    """Whether the texts of these columns are."""
    spans = [batch.spans[index] for index in indices if not batch.columns[index].is_moment]
    if not spans:
        return True
    start = np.concatenate([span.start for span in spans])
    octets = gather(batch.octets, start, np.concatenate([span.length for span in spans]))
    return not octets.size or int(octets.max()) < 0x80


def _utf16(batch: Batch, index: int) -> list[_Piece]:
    """The number of UTF-16 code units, then the text in UTF-16BE."""
    octets = batch.packed(index)
    # A UTF-8 sequence is one code unit, or two from four bytes on.
    units_of_byte = ((octets & 0xC0) != 0x80).astype(np.int64) + (octets >= 0xF0)
    units_before = np.concatenate([[0], np.cumsum(units_of_byte)])
    ends = np.cumsum(batch.spans[index].length)
    units: npt.NDArray[np.int64] = (
        units_before[ends] - units_before[ends - batch.spans[index].length]
    )
    counts = units.astype(">i4").view(np.uint8)
    text = np.frombuffer(octets.tobytes().decode().encode("utf-16-be"), np.uint8)
    return [
        _Piece(counts, _places(4, batch.rows), 4),
        _Piece(text, 2 * (np.cumsum(units) - units), 2 * units),
    ]


def _array(batch: Batch, index: int, column: WireColumn) -> _Piece:
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
    length = np.fromiter(map(len, parts), np.int64, len(parts))
    octets = np.frombuffer(b"".join(parts), np.uint8)
    return _Piece(octets, np.cumsum(length) - length, length)


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
