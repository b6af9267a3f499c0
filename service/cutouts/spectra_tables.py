"""Cutting tables of spectra: rows of points, or the arrays in cells (FITS 4.0 §7.3)."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.cutouts.errors import NotCuttable
from service.cutouts.spectra_cards import Cards
from service.ingest.fits import Hdu

_FORM = re.compile(r"(\d*)([LXBIJKAEDCMPQ])")
_SIZES = {"L": 1, "B": 1, "A": 1, "I": 2, "J": 4, "E": 4, "P": 8, "K": 8, "D": 8, "C": 8}
_SIZES |= {"M": 16, "Q": 16}
_OF_COLUMN = re.compile(
    r"(T(?:TYPE|FORM|UNIT|NULL|SCAL|ZERO|DISP|DIM|COMM|DESC|UCD|UTYP|XTYP|DMIN|DMAX|LMIN|LMAX))(\d+)"
)

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Column:
    """`offset` of its cell in a row, `count` elements of `size` bytes; `kind` of TFORMn."""

    number: int
    offset: int
    count: int
    kind: str
    size: int

    @property
    def width(self) -> int:
        """Bytes of a cell."""
        return (self.count + 7) // 8 if self.kind == "X" else self.count * self.size


def cut_rows(hdu: Hdu, cards: Cards, points: Mask, left_out: Collection[int] = ()) -> bytes:
    """The rows of some points, without some columns (from 1); the heap, if any, stays whole."""
    width, rows = shape_of(hdu)
    raw = hdu.source.read(hdu.data_offset, hdu.data_size)
    table = np.frombuffer(raw, "u1", count=rows * width).reshape(rows, width)
    kept = table[points]
    if left_out:
        columns = [column for column in columns_of(hdu) if column.number not in left_out]
        kept = np.concatenate(
            [kept[:, column.offset : column.offset + column.width] for column in columns], axis=1
        )
        _renumber(cards, [column.number for column in columns])
    heap = raw[rows * width :]
    _resize_rows(hdu, cards, kept, rows * width)
    return kept.tobytes() + heap


def cut_cells(hdu: Hdu, cards: Cards, points: Mask, lines: Mask) -> bytes:
    """Some rows of a table, and of their cells with as many elements as there are points some.

    NotCuttable where such cells are of bits, or any of varying length.
    """
    width, rows = shape_of(hdu)
    raw = hdu.source.read(hdu.data_offset, hdu.data_size)
    table = np.frombuffer(raw, "u1", count=rows * width).reshape(rows, width)[lines]
    parts = []
    for column in columns_of(hdu):
        cell = table[:, column.offset : column.offset + column.width]
        along = _points_of(hdu, column, points.size)
        if along:
            shaped = cell.reshape(len(cell), -1, points.size, column.size)[:, :, points]
            cell = shaped.reshape(len(cell), -1)
            _resize(hdu, cards, column, int(points.sum()))
        parts.append(_numbered(hdu, column, cell, points))
    kept = np.concatenate(parts, axis=1)
    heap = raw[rows * width :]
    _resize_rows(hdu, cards, kept, rows * width)
    return kept.tobytes() + heap


def _resize_rows(hdu: Hdu, cards: Cards, kept: NDArray[np.uint8], before: int) -> None:
    """NAXISn, and THEAP where there were `before` bytes of rows."""
    cards.set("NAXIS1", kept.shape[1])
    cards.set("NAXIS2", len(kept))
    if "THEAP" in hdu.header:
        cards.set("THEAP", hdu.header.integer("THEAP") - before + kept.size)


def _renumber(cards: Cards, kept: Sequence[int]) -> None:
    """The cards of the columns that are kept, numbered from 1."""
    places = {old: new for new, old in enumerate(kept, start=1)}

    def renumbered(keyword: str) -> str | None:
        match = _OF_COLUMN.fullmatch(keyword)
        if match is None:
            return keyword
        place = places.get(int(match[2]))
        return None if place is None else f"{match[1]}{place}"

    cards.rename(renumbered)
    cards.set("TFIELDS", len(kept))


def shape_of(hdu: Hdu) -> tuple[int, int]:
    """Bytes of a row, and rows; NotCuttable where there are not as many bytes."""
    width, rows = hdu.header.integer("NAXIS1"), hdu.header.integer("NAXIS2")
    if width < 0 or rows < 0 or width * rows > hdu.data_size:
        raise NotCuttable(f"the cards of the table in HDU {hdu.index} contradict each other")
    return width, rows


def columns_of(hdu: Hdu) -> list[Column]:
    columns: list[Column] = []
    offset = 0
    for number in range(1, hdu.header.integer("TFIELDS") + 1):
        match = _FORM.match(hdu.header.text(f"TFORM{number}") or "")
        if match is None or hdu.header.text("XTENSION") != "BINTABLE":
            raise NotCuttable(f"the cells of column {number} of HDU {hdu.index} are not binary")
        kind = match[2]
        count = int(match[1] or 1)
        columns.append(Column(number, offset, count, kind, _SIZES.get(kind, 1)))
        offset += columns[-1].width
    if offset != hdu.header.integer("NAXIS1"):
        raise NotCuttable(f"the columns of HDU {hdu.index} do not fill its rows")
    return columns


def _points_of(hdu: Hdu, column: Column, points: int) -> bool:
    """Whether the cells of a column hold a value a point, or several arrays of them (TDIMn)."""
    name = hdu.columns[column.number - 1]
    if column.kind in "PQ":
        raise NotCuttable(f"column {name} of HDU {hdu.index} holds arrays of any length")
    dimensions = re.findall(r"\d+", hdu.header.text(f"TDIM{column.number}") or "")
    first = int(dimensions[0]) if dimensions else column.count
    if first != points or column.kind == "A" or column.count % points:
        return False
    if column.kind == "X":
        raise NotCuttable(f"column {name} of HDU {hdu.index} holds bits")
    return True


def _resize(hdu: Hdu, cards: Cards, column: Column, points: int) -> None:
    """TFORMn and TDIMn of cells that hold fewer points."""
    number, header = column.number, hdu.header
    form = header.text(f"TFORM{number}") or ""
    dimensions = re.findall(r"\d+", header.text(f"TDIM{number}") or "")
    others = [int(word) for word in dimensions[1:]]
    count = points * int(np.prod(others, dtype=np.int64))
    cards.set(f"TFORM{number}", f"{count}{form.lstrip('0123456789')}")
    if dimensions:
        cards.set(f"TDIM{number}", f"({','.join(str(n) for n in (points, *others))})")


def _numbered(hdu: Hdu, column: Column, cell: NDArray[np.uint8], points: Mask) -> NDArray[np.uint8]:
    """HST's NELEM counts the filled elements of a row: here those that are kept of them."""
    if hdu.columns[column.number - 1].upper() != "NELEM" or column.kind not in "IJK":
        return cell
    form = f">i{column.size}"
    given = np.ascontiguousarray(cell).view(form)
    before = np.concatenate([[0], np.cumsum(points)])
    kept = before[np.clip(given, 0, points.size)].astype(form)
    return np.ascontiguousarray(kept).view("u1").reshape(cell.shape)
