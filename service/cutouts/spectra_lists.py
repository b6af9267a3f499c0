"""Cutting tables whose cells hold arrays of any length (FITS 4.0 §7.3.5): each row by its own."""

import re

import numpy as np
from numpy.typing import NDArray

from service.cutouts.errors import NotCuttable
from service.cutouts.spectra_cards import Cards
from service.cutouts.spectra_tables import Column, columns_of, shape_of
from service.ingest.fits import Hdu

_SIZES = {"L": 1, "B": 1, "A": 1, "I": 2, "J": 4, "E": 4, "K": 8, "D": 8, "C": 8, "M": 16}

Mask = NDArray[np.bool_]


def cut_lists(hdu: Hdu, cards: Cards, wave: int, inside: Mask) -> bytes:
    """The rows with a point in `inside` (rows, most points of any), and of arrays as long as the
    wavelengths of their row (column `wave`) those points; the heap is written anew."""
    width, rows = shape_of(hdu)
    raw = hdu.source.read(hdu.data_offset, hdu.data_size)
    start = hdu.header.integer("THEAP", width * rows)
    columns = columns_of(hdu)
    table = np.frombuffer(raw, "u1", count=rows * width).reshape(rows, width).copy()
    heap = bytearray()
    kept = np.flatnonzero(inside.any(axis=1))
    for row in kept:
        points, _ = _descriptor(table[row], columns[wave - 1])
        for column in columns:
            if column.kind not in "PQ":
                continue
            size = _element_size(hdu, column)
            count, offset = _descriptor(table[row], column)
            begin = start + offset
            if count < 0 or offset < 0 or begin + count * size > len(raw):
                raise NotCuttable(f"an array of HDU {hdu.index} lies outside of its heap")
            array = raw[begin : begin + count * size]
            if count == points:
                elements = np.frombuffer(array, f"V{size}")
                array = elements[inside[row, :count]].tobytes()
            _describe(table[row], column, len(array) // size, len(heap))
            heap += array
    rest = table[kept]
    cards.set("NAXIS2", len(rest))
    cards.set("PCOUNT", len(heap))
    if "THEAP" in hdu.header:
        cards.set("THEAP", rest.size)
    return rest.tobytes() + bytes(heap)


def _descriptor(row: NDArray[np.uint8], column: Column) -> tuple[int, int]:
    """Number of elements, and where they begin in the heap."""
    cell = row[column.offset : column.offset + column.width]
    if not cell.size:
        return 0, 0
    count, offset = np.ascontiguousarray(cell).view(">i4" if column.kind == "P" else ">i8")[:2]
    return int(count), int(offset)


def _describe(row: NDArray[np.uint8], column: Column, count: int, offset: int) -> None:
    if column.width:
        form = ">i4" if column.kind == "P" else ">i8"
        cell = np.array([count, offset], dtype=form).view("u1")
        row[column.offset : column.offset + column.width] = cell


def _element_size(hdu: Hdu, column: Column) -> int:
    match = re.search(r"[PQ]([A-Z])", hdu.header.text(f"TFORM{column.number}") or "")
    size = _SIZES.get(match[1]) if match else None
    if size is None:
        name = hdu.columns[column.number - 1]
        raise NotCuttable(f"column {name} of HDU {hdu.index} holds arrays of bits")
    return size
