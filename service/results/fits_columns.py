"""What the columns of a FITS table have to hold, found while its rows go by (FITS 4.0 §7.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.errors import StarhaulError
from service.results.arrays import elements
from service.results.batch import Batch, Octets, Offsets, gather
from service.results.wire import ELEMENT_NULL, WireColumn

# Letter of TFORM and bytes of an element (FITS 4.0 table 18).
_LETTERS = {
    "boolean": ("L", 1), "unsignedByte": ("B", 1), "short": ("I", 2), "int": ("J", 4),
    "long": ("K", 8), "float": ("E", 4), "double": ("D", 8),
}  # fmt: skip
_WIDER = {"B": ("I", 2), "I": ("J", 4), "J": ("K", 8)}
_INTEGERS = ("unsignedByte", "short", "int", "long")
_DTYPES = {
    "A": "u1",
    "L": "u1",
    "B": "u1",
    "I": ">i2",
    "J": ">i4",
    "K": ">i8",
    "E": ">f4",
    "D": ">f8",
}
# Texts go to the heap where rows would be nearly all blank and many: astropy reads fixed texts
# better (it needs the square of a text's length for one in the heap).
_BLANK_BYTES = 16 << 20
_BLANK_SHARE = 4

# Printable ASCII stays, blanks of other kinds become blanks, the rest '?' (FITS 4.0 §4.2.1.1).
_PRINTABLE = np.full(256, ord("?"), np.uint8)
_PRINTABLE[0x20:0x7F] = np.arange(0x20, 0x7F)
_PRINTABLE[[0x09, 0x0A, 0x0D]] = 0x20


@dataclass(frozen=True, slots=True)
class Texts:
    """A column's texts as FITS can hold them, one after the other; `changed` where some differ."""

    octets: Octets
    lengths: Offsets
    changed: bool


def texts(batch: Batch, index: int) -> Texts:
    """The texts of a column: printable ASCII, '?' for each other character."""
    octets, lengths = batch.packed(index), batch.spans[index].length
    printable = _PRINTABLE[octets]
    if octets.size and int(octets.max()) >= 0x80:
        joined = octets.tobytes().decode()
        is_first = (octets & 0xC0) != 0x80
        before = np.concatenate([[0], np.cumsum(is_first)])
        ends = np.cumsum(lengths)
        ascii_text = np.frombuffer(joined.encode("ascii", "replace"), np.uint8)
        return Texts(_PRINTABLE[ascii_text], before[ends] - before[ends - lengths], True)
    return Texts(printable, lengths, not np.array_equal(printable, octets))


def variable(batch: Batch, index: int) -> Texts:
    """The elements of a column's arrays, one after the other; lengths in bytes, 0 for NULL."""
    parts = [part or b"" for part in elements(batch, index)]
    joined = b"".join(parts)
    if batch.columns[index].meta.datatype == "boolean":
        joined = joined.replace(ELEMENT_NULL["boolean"].encode(), b"\0")
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    return Texts(np.frombuffer(joined, np.uint8), lengths, False)


class Measured:
    """One column's extremes over all rows."""

    def __init__(self, column: WireColumn) -> None:
        self.column = column
        self.longest = 0
        self.total = 0
        self.changed = False
        self.has_null = False
        self._taken = dict.fromkeys(self._candidates(), False)

    def _candidates(self) -> list[int]:
        """Values that may stand for NULL, if no row holds them (FITS 4.0 §7.3.2, TNULLn)."""
        if self.column.meta.datatype not in _INTEGERS or self.column.is_array:
            return []
        if self.column.meta.datatype == "unsignedByte":
            return [255, 0]
        lowest = int(ELEMENT_NULL[self.column.meta.datatype])
        return [lowest, -lowest - 1, lowest + 1]

    def see(self, batch: Batch, index: int) -> None:
        """Take the rows of a batch into account."""
        column = self.column
        null = batch.spans[index].null
        if column.is_text or column.is_array:
            found = texts(batch, index) if column.is_text else variable(batch, index)
            self.longest = max(self.longest, int(found.lengths.max(initial=0)))
            self.total += int(found.lengths.sum())
            self.changed = self.changed or found.changed
        elif self._taken:
            self.has_null = self.has_null or bool(null.any())
            values = batch.values(index)
            for candidate, taken in self._taken.items():
                if not taken and bool(np.any((values == candidate) & ~null)):
                    self._taken[candidate] = True

    def free(self) -> int | None:
        """A value that no row holds."""
        return next((value for value, taken in self._taken.items() if not taken), None)


@dataclass(frozen=True, slots=True)
class FitsColumn:
    """A column of the table: `form` is its TFORM, `width` its bytes in a row.

    `null` is its TNULL. In the heap lie `heap_bytes` of it, and its rows hold descriptors.
    """

    column: WireColumn
    letter: str
    form: str
    width: int
    null: int | None = None
    heap_bytes: int = 0
    changed: bool = False

    @property
    def in_heap(self) -> bool:
        """Whether the rows hold descriptors alone."""
        return self.form[0] in "PQ"

    @property
    def dtype(self) -> "np.dtype[np.generic]":
        """Of an element."""
        return np.dtype(_DTYPES[self.letter])

    @property
    def dimensions(self) -> str | None:
        """TDIM of arrays with several axes."""
        arraysize = self.column.meta.arraysize or ""
        if not self.column.is_array or "x" not in arraysize or "*" in arraysize:
            return None
        return f"({arraysize.replace('x', ',')})"


def planned(measured: Sequence[Measured], rows: int) -> list[FitsColumn]:
    """The table's columns, once all rows have been seen."""
    heap = sum(m.total for m in measured)
    descriptor = ("P", 8) if heap < 2**31 else ("Q", 16)
    return [_planned(m, rows, descriptor) for m in measured]


def _planned(measured: Measured, rows: int, descriptor: tuple[str, int]) -> FitsColumn:
    column = measured.column
    kind, descriptor_bytes = descriptor
    if column.is_text:
        width = max(measured.longest, 1)
        if width * rows > _BLANK_SHARE * measured.total + _BLANK_BYTES:
            form = f"1{kind}A({width})"[1:]
            return FitsColumn(
                column, "A", form, descriptor_bytes, None, measured.total, measured.changed
            )
        return FitsColumn(column, "A", f"{width}A", width, changed=measured.changed)
    letter, size = _LETTERS[column.meta.datatype]
    if column.is_array:
        null = None
        if column.meta.datatype in _INTEGERS and column.sql_type != "bytea":
            null = int(ELEMENT_NULL[column.meta.datatype])
        if column.items is not None:
            width = column.items * size
            return FitsColumn(column, letter, f"{column.items}{letter}", width, null)
        form = f"{kind}{letter}({measured.longest // size})"
        return FitsColumn(column, letter, form, descriptor_bytes, null, measured.total)
    null = None
    if measured.has_null:
        null = measured.free()
        if null is None:
            letter, size, null = _widened(column, letter)
    return FitsColumn(column, letter, f"1{letter}", size, null)


def _widened(column: WireColumn, letter: str) -> tuple[str, int, int]:
    """The next integer type, whose lowest value is free."""
    if letter not in _WIDER:
        raise StarhaulError(
            f"column {column.meta.name} holds NULLs and all values that FITS could use for them; "
            "ask for RESPONSEFORMAT=votable or parquet"
        )
    wider, size = _WIDER[letter]
    return wider, size, -(2 ** (8 * size - 1))


def scattered(table: npt.NDArray[np.uint8], at: int, octets: Octets, lengths: Offsets) -> None:
    """Write pieces of various lengths, one a row, at a place in each row of `table`."""
    if not octets.size:
        return
    rows, width = table.shape
    starts = at + width * np.arange(rows)
    index = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
    index += np.arange(len(octets))
    table.reshape(-1)[index] = octets


def fixed_arrays(batch: Batch, index: int, column: FitsColumn) -> Octets:
    """The arrays of a column with a fixed number of elements; NULL is an array of NULLs."""
    found = variable(batch, index)
    wrong = (found.lengths != column.width) & ~batch.spans[index].null
    if wrong.any():
        size = column.dtype.itemsize
        raise StarhaulError(
            f"column {column.column.meta.name} is declared with {column.column.items} elements, "
            f"but a value has {int(found.lengths[wrong][0]) // size}"
        )
    missing = 0 if column.letter in "LB" else np.nan if column.letter in "ED" else column.null
    blank = np.full(column.column.items or 0, missing, column.dtype).view(np.uint8)
    source = np.concatenate([found.octets, blank])
    null = batch.spans[index].null
    starts = np.where(null, len(found.octets), np.cumsum(found.lengths) - found.lengths)
    return gather(source, starts, np.full(batch.rows, column.width, np.int64))
