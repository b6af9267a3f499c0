"""The columns of a FITS table as far as its rows are known, and as they end (FITS 4.0 §7.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.errors import StarhaulError
from service.results.pieces import Flags, Offsets
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


@dataclass(frozen=True, slots=True)
class FitsColumn:
    """A column of the table: `form` is its TFORM, `width` its bytes in a row, `null` its TNULL.

    `changed` where some of its texts are not what the query gave, as FITS cannot hold them.
    """

    column: WireColumn
    letter: str
    form: str
    width: int
    null: int | None = None
    changed: bool = False

    def holds(self, earlier: "FitsColumn") -> bool:
        """Whether cells made for an earlier plan of this column are right as they are."""
        alike = (self.letter, self.width, self.in_heap) == (
            earlier.letter,
            earlier.width,
            earlier.in_heap,
        )
        return alike and earlier.null in (None, self.null)

    @property
    def in_heap(self) -> bool:
        """Whether the rows hold descriptors alone."""
        return self.form[0] in "PQ"

    @property
    def descriptor(self) -> str:
        """Type of the number of elements and of their place in the heap (FITS 4.0 §7.3.5)."""
        return ">i4" if self.form[0] == "P" else ">i8"

    @property
    def dtype(self) -> "np.dtype[np.generic]":
        """Of an element."""
        return np.dtype(_DTYPES[self.letter])

    @property
    def missing(self) -> float:
        """What stands for NULL."""
        if self.null is not None:
            return self.null
        return np.nan if self.letter in "ED" else 0

    @property
    def dimensions(self) -> str | None:
        """TDIM of arrays with several axes."""
        arraysize = self.column.meta.arraysize or ""
        if not self.column.is_array or "x" not in arraysize or "*" in arraysize:
            return None
        return f"({arraysize.replace('x', ',')})"


class Measured:
    """What one column has to hold, over all rows seen. No fact is ever taken back."""

    def __init__(self, column: WireColumn) -> None:
        self.column = column
        self.longest = 0
        self.total = 0
        self.changed = False
        self.has_null = False
        self.is_blank = False
        self._rows = 0
        self._taken = dict.fromkeys(self._candidates(), False)

    def _candidates(self) -> list[int]:
        """Values that may stand for NULL, if no row holds them (FITS 4.0 §7.3.2, TNULLn)."""
        if self.column.meta.datatype not in _INTEGERS or self.column.is_array:
            return []
        if self.column.meta.datatype == "unsignedByte":
            return [255, 0]
        lowest = int(ELEMENT_NULL[self.column.meta.datatype])
        return [lowest, -lowest - 1, lowest + 1]

    def see_pieces(self, lengths: Offsets, changed: bool) -> None:
        """Take texts or arrays into account, of these lengths in bytes."""
        self._rows += len(lengths)
        self.longest = max(self.longest, int(lengths.max(initial=0)))
        self.total += int(lengths.sum())
        self.changed = self.changed or changed
        blank = self.longest * self._rows > _BLANK_SHARE * self.total + _BLANK_BYTES
        self.is_blank = self.is_blank or blank

    def see_numbers(self, values: npt.NDArray[np.generic], null: Flags) -> None:
        """Take numbers into account, as they arrive."""
        if not self._taken:
            return
        self.has_null = self.has_null or bool(null.any())
        # Big-endian numbers are equal where their bytes are, whatever the machine's order.
        native = values.dtype.newbyteorder("=")
        for candidate, taken in self._taken.items():
            if not taken:
                same = values.view(native) == np.array(candidate, values.dtype).view(native)
                self._taken[candidate] = bool(np.any(same & ~null))

    def free(self) -> int | None:
        """A value that no row holds."""
        return next((value for value, taken in self._taken.items() if not taken), None)


def planned(measured: Sequence[Measured]) -> list[FitsColumn]:
    """The table's columns, for all rows seen so far."""
    heap = sum(m.total for m in measured)
    descriptor = ("P", 8) if heap < 2**31 else ("Q", 16)
    return [_planned(m, descriptor) for m in measured]


def _planned(measured: Measured, descriptor: tuple[str, int]) -> FitsColumn:
    column = measured.column
    kind, descriptor_bytes = descriptor
    if column.is_text:
        width = max(measured.longest, 1)
        if measured.is_blank:
            form = f"{kind}A({width})"
            return FitsColumn(column, "A", form, descriptor_bytes, changed=measured.changed)
        return FitsColumn(column, "A", f"{width}A", width, changed=measured.changed)
    letter, size = _LETTERS[column.meta.datatype]
    if column.is_array:
        null = None
        if column.meta.datatype in _INTEGERS and column.sql_type != "bytea":
            null = int(ELEMENT_NULL[column.meta.datatype])
        if column.items is not None:
            return FitsColumn(column, letter, f"{column.items}{letter}", column.items * size, null)
        form = f"{kind}{letter}({measured.longest // size})"
        return FitsColumn(column, letter, form, descriptor_bytes, null)
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
