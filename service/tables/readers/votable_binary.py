"""BINARY and BINARY2: packed rows, cut apart with numpy (VOTable 1.4 §5.2, §5.3)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from service.results.pieces import Flags, Octets, Offsets
from service.tables import big_endian
from service.tables.readers.votable_fields import Field
from service.tables.table import Place, is_array

_MOST_ELEMENTS = 1 << 28


@dataclass(frozen=True, slots=True)
class _Layout:
    """Bytes of a field's element, and of the whole field where its size is fixed."""

    item: int
    fixed: int | None


def _layout(field: Field) -> _Layout:
    if field.datatype == "bit":
        count = field.count
        return _Layout(0, None if count is None else (count + 7) // 8)
    if field.is_text:
        item = 2 if field.datatype == "unicodeChar" else 1
    else:
        item = field.parts * np.dtype(big_endian.DTYPES[field.element]).itemsize
    return _Layout(item, None if field.count is None else item * field.count)


class RowDecoder:
    """Turns the bytes of a STREAM, in any pieces, into batches of whole rows."""

    def __init__(self, fields: Sequence[Field], path: Path, *, flagged: bool) -> None:
        self._fields = fields
        self._path = path
        self._flag_bytes = (len(fields) + 7) // 8 if flagged else 0
        self._layouts = [_layout(field) for field in fields]
        self._rest = b""
        self._rows = 0

    def rows(self, octets: bytes) -> pa.RecordBatch | None:
        """The rows that are whole now; None where there is none."""
        data = self._rest + octets
        starts, counts, used = self._cut(data)
        self._rest = data[used:]
        rows = len(starts[0])
        if not rows:
            return None
        whole = np.frombuffer(data, np.uint8)
        null = self._nulls(whole, starts[0])
        arrays = [
            self._array(index, whole, starts[index + 1], counts[index], null[index])
            for index in range(len(self._fields))
        ]
        self._rows += rows
        return pa.RecordBatch.from_arrays(arrays, [str(i) for i in range(len(arrays))])

    def finish(self) -> None:
        """TableError where the stream ended within a row."""
        if self._rest:
            raise Place(self._path, self._rows + 1).error(
                "its STREAM ends within a row; fetch or write the file again"
            )

    def _cut(self, data: bytes) -> tuple[list[Offsets], list[Offsets | None], int]:
        """Where rows and, in each, fields begin; the counts of fields that vary; bytes used."""
        ends, counts = self._scan(data)
        rows = len(ends)
        begins = np.concatenate([[0], ends[:-1]]).astype(np.int64) if rows else ends
        starts = [begins]
        found: list[Offsets | None] = []
        position = begins + self._flag_bytes
        varying = 0
        for layout, field in zip(self._layouts, self._fields, strict=True):
            if layout.fixed is not None:
                starts.append(position)
                found.append(None)
                position = position + layout.fixed
                continue
            count = counts[:, varying]
            varying += 1
            starts.append(position + 4)
            found.append(count)
            width = (count + 7) // 8 if field.datatype == "bit" else count * layout.item
            position = position + 4 + width
        return starts, found, int(ends[-1]) if rows else 0

    def _scan(self, data: bytes) -> tuple[Offsets, Offsets]:
        """The end of each whole row, and the counts of its fields that vary."""
        steps, tail = self._steps()
        size = len(data)
        if not steps:
            rows = size // tail if tail else 0
            return np.arange(1, rows + 1, dtype=np.int64) * tail, np.empty((rows, 0), np.int64)
        ends: list[int] = []
        counts: list[int] = []
        at = 0
        read = struct.Struct(">i").unpack_from
        while True:
            row: list[int] = []
            for skip, item in steps:
                at += skip
                if at + 4 > size:
                    break
                count = read(data, at)[0]
                if not 0 <= count < _MOST_ELEMENTS:
                    raise Place(self._path, self._rows + len(ends) + 1).error(
                        f"a field says that it has {count} elements; the file is damaged"
                    )
                at += 4 + (count * item if item else (count + 7) // 8)
                row.append(count)
            at += tail
            if len(row) < len(steps) or at > size:
                break
            ends.append(at)
            counts += row
        return np.array(ends, np.int64), np.array(counts, np.int64).reshape(-1, len(steps))

    def _steps(self) -> tuple[list[tuple[int, int]], int]:
        """For each field that varies: the fixed bytes before it, its item; the bytes at the end."""
        steps = []
        skip = self._flag_bytes
        for layout in self._layouts:
            if layout.fixed is None:
                steps.append((skip, layout.item))
                skip = 0
            else:
                skip += layout.fixed
        return steps, skip

    def _nulls(self, data: Octets, begins: Offsets) -> list[Flags]:
        """Each field's NULL flags; the first field's is the highest bit."""
        none = np.zeros(len(begins), bool)
        if not self._flag_bytes:
            return [none] * len(self._fields)
        octets = data[begins[:, None] + np.arange(self._flag_bytes)]
        bits = np.unpackbits(octets, axis=1).astype(bool)
        return [bits[:, index] for index in range(len(self._fields))]

    def _array(
        self, index: int, data: Octets, starts: Offsets, counts: Offsets | None, null: Flags
    ) -> pa.Array:
        field = self._fields[index]
        if counts is None:
            counts = np.full(len(starts), field.count, np.int64)
        if field.is_text:
            return self._text(field, data, starts, counts, null)
        if not is_array(field.meta):
            if field.datatype == "bit":  # whichever bit of the octet a writer takes
                return pa.array(data[starts] != 0, mask=null)
            return big_endian.scalars(data, starts, field.element, null, field.null)
        if field.datatype == "bit":
            return big_endian.bits(data, starts, counts, null)
        counts = counts * field.parts
        return big_endian.lists(data, starts, counts, field.element, null, field.null)

    def _text(
        self, field: Field, data: Octets, starts: Offsets, counts: Offsets, null: Flags
    ) -> pa.Array:
        if field.datatype == "unicodeChar":
            texts = big_endian.wide_strings(data, starts, counts, null)
        else:
            place = Place(self._path, self._rows, field.meta.name)
            texts = big_endian.strings(data, starts, counts, null, place)
        # BINARY has no other NULL for text.
        return texts if self._flag_bytes else big_endian.empty_as_null(texts)
