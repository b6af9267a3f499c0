"""A table on disk as every reader hands it over: what it says of itself, and its rows in batches.

A batch has one Arrow array a column, of the type that `arrow_type` gives for the column; moments
may also come as text. Missing values are Arrow nulls.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from adql.columns import ColumnMeta
from service.errors import UsageError

BATCH_ROWS = 20_000
TEXT_TYPES = ("char", "unicodeChar")

_SCALARS = {
    "boolean": pa.bool_(),
    "unsignedByte": pa.uint8(),
    "short": pa.int16(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
}
DATATYPES = (*_SCALARS, *TEXT_TYPES)


class TableError(UsageError):
    """A file that cannot be read as a table; the message names the place and the remedy."""

    title = "Wrong table"


class PlacedError(TableError):
    """The same at a place of the file: the message is `place`, then `reason`."""

    def __init__(self, place: "Place", reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TableHead:
    """What a file says of its table. `rows` is None where only its end tells.

    `frame` is the name of the coordinate system its positions are said to be in.
    """

    columns: tuple[ColumnMeta, ...]
    rows: int | None = None
    title: str | None = None
    description: str | None = None
    utype: str | None = None
    frame: str | None = None


class Source(Protocol):
    """An open table."""

    @property
    def head(self) -> TableHead:
        """What the file says of its table."""
        ...

    @property
    def notes(self) -> list[str]:
        """What whoever publishes it should know; complete after the last row."""
        ...

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, in order, in bounded memory. Raises TableError with the row and column."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which file something is, for messages."""

    path: Path
    row: int | None = None
    column: str | None = None

    def after(self, rows: int) -> "Place":
        """The place so many rows further on."""
        return Place(self.path, (self.row or 0) + rows, self.column)

    def error(self, message: str) -> PlacedError:
        """An error at this place."""
        return PlacedError(self, message)

    def within(self, table: str) -> str:
        """The place in words, with another name for the file."""
        parts = [table]
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column is not None:
            parts.append(f"column {self.column}")
        return ", ".join(parts)

    def __str__(self) -> str:
        return self.within(str(self.path))


def is_text(meta: ColumnMeta) -> bool:
    """Whether a column holds one string a row."""
    return meta.datatype in TEXT_TYPES


def is_moment(meta: ColumnMeta) -> bool:
    """Whether a column holds moments (DALI 1.1 §3.3.3)."""
    return is_text(meta) and meta.xtype == "timestamp"


def is_array(meta: ColumnMeta) -> bool:
    """Whether a column holds an array of numbers or booleans a row."""
    return meta.arraysize is not None and not is_text(meta)


def arrow_type(meta: ColumnMeta) -> pa.DataType:
    """The Arrow type of a column's values: lists for arrays of any number of axes."""
    if is_moment(meta):
        return pa.timestamp("us")
    if is_text(meta):
        return pa.string()
    scalar = _SCALARS[meta.datatype]
    return pa.list_(scalar) if is_array(meta) else scalar
