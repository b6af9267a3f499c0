"""A spectrum cut to an interval in the layout of its file.

What lies on the points of the spectrum (errors, masks, sky, resolution) is cut with it, extensions
that lie elsewhere (fibres, log files) stay as they are, arms and exposures without a point in the
interval are left out. Where several orders share the columns of an image or the rows of a table,
the smallest rectangle is kept that holds all that is wanted; orders without any are left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.cutouts.errors import NoOverlap, NotCuttable
from service.cutouts.product import Piece
from service.cutouts.spectra_cards import Cards
from service.cutouts.spectra_images import (
    cut_image,
    shift_axis,
    shift_functions,
    unpacked,
    without_gaps,
)
from service.cutouts.spectra_lists import cut_lists
from service.cutouts.spectra_orders import keep_orders
from service.cutouts.spectra_tables import cut_cells, cut_rows
from service.cutouts.wanted import Interval
from service.ingest.facts import Refusal
from service.ingest.fits import FitsFile, Hdu
from service.ingest.readers.columns import find_columns
from service.spectra.arrays import LARGEST_HDU
from service.spectra.axes import Grid, grids_of
from service.spectra.layout import NotConvertible
from service.spectra.tables import column_sets

_BLOCK = 2880
_PIECE = 2**20
# An interval that ends at a point holds it, whatever the last bit of its wavelength in metres is.
_NEAR = 1e-12

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """The points (n,) and lines of a grid that are kept; which are `inside` (lines, n)."""

    grid: Grid
    points: Mask
    lines: Mask
    inside: Mask


def within(metres: NDArray[np.float64], band: Interval) -> Mask:
    """Which wavelengths lie in a closed interval; NaN lies nowhere."""
    low, high = band
    with np.errstate(invalid="ignore"):
        return np.asarray((metres >= low * (1 - _NEAR)) & (metres <= high * (1 + _NEAR)))


def bounds_of(grids: Sequence[Grid]) -> Interval:
    """The shortest and the longest wavelength of the spectrum itself."""
    main = [grid.metres for grid in grids if grid.main]
    low = min(float(np.nanmin(metres)) for metres in main)
    return low, max(float(np.nanmax(metres)) for metres in main)


def native_pieces(
    fits: FitsFile, reader: str, band: Interval, history: Sequence[str]
) -> tuple[Iterator[Piece], int, Interval]:
    """The bytes of the cut, their number, and the bounds of the whole spectrum in metres.

    `history` is told in the first header, with what was done here. NoOverlap where no point of the
    spectrum lies in the interval; NotCuttable where its layout cannot be cut truthfully.
    """
    try:
        grids = grids_of(fits, reader)
        selected = _with_common_orders([_selected(grid, band) for grid in grids])
        if not any(kept is not None and kept.grid.main for kept in selected):
            raise NoOverlap(_nothing(grids, band))
        parts = list(_all_parts(fits, grids, selected, history))
    except NotConvertible as error:
        raise NotCuttable(
            f"its layout cannot be cut ({error.message}); ask for the common layout"
        ) from error
    except Refusal as refusal:
        raise NotCuttable(refusal.reason) from refusal
    except (ValueError, IndexError, KeyError, OverflowError, MemoryError) as error:
        raise NotCuttable(f"its extensions contradict each other ({error})") from error
    size = sum(len(part) if isinstance(part, bytes) else part[1] for part in parts)
    return _read(fits, parts), size, bounds_of(grids)


def _selected(grid: Grid, band: Interval) -> Selected | None:
    inside: Mask = np.logical_or.reduce(within(grid.metres, band), axis=0)
    points: Mask = np.logical_or.reduce(inside, axis=0)
    if not points.any():
        return None
    lines: Mask = np.logical_or.reduce(inside, axis=1)
    if grid.layout == "orders":
        return Selected(grid, np.ones_like(points), without_gaps(lines), inside)
    if grid.layout not in ("rows", "cells", "lists"):
        points = without_gaps(points)
    return Selected(grid, points, lines, inside)


def _with_common_orders(selected: Sequence[Selected | None]) -> list[Selected | None]:
    """Tables that have a column an order keep the same ones: readers want tables that are alike."""
    ordered = [
        kept.lines
        for kept in selected
        if kept is not None and kept.grid.layout == "rows" and kept.lines.size > 1
    ]
    if len({lines.size for lines in ordered}) != 1:
        return list(selected)
    common = np.logical_or.reduce(ordered)
    return [
        replace(kept, lines=common) if kept is not None and kept.lines.size > 1 else kept
        for kept in selected
    ]


def _nothing(grids: Sequence[Grid], band: Interval) -> str:
    low, high = bounds_of(grids)
    where = f"the spectrum holds {low:.9g} to {high:.9g} m"
    if band[0] <= high and band[1] >= low:
        where += ", but no point between the two"
    return f"no point of the spectrum lies between {band[0]:.9g} and {band[1]:.9g} m: {where}"


def _told(
    fits: FitsFile, grids: Sequence[Grid], selected: Sequence[Selected | None]
) -> Iterator[str]:
    """What was kept of what, a sentence an extension."""
    media = {grid.medium for grid in grids}
    if "air" in media:
        yield "Wavelengths of the file are in air; those of the interval in vacuum (Morton 2000)."
    if "unknown" in media:
        yield "The file does not say air or vacuum; its wavelengths are taken for vacuum."
    for grid, kept in zip(grids, selected, strict=True):
        hdus = ", ".join(fits.hdus[i].name or str(i) for i in grid.hdus)
        if kept is None:
            yield f"Left out, without a point in the interval: {hdus}."
        else:
            points = f"{int(kept.points.sum())} of {kept.points.size} points"
            of = f" and {int(kept.lines.sum())} of {kept.lines.size} lines"
            yield f"Kept of {hdus}: {points}{of if kept.lines.size > 1 else ''}."


# A part is bytes, or where the file has them: offset and number.
_Part: TypeAlias = bytes | tuple[int, int]


def _all_parts(
    fits: FitsFile,
    grids: Sequence[Grid],
    selected: Sequence[Selected | None],
    history: Sequence[str],
) -> Iterator[_Part]:
    plans: dict[int, Selected | None] = {}
    for grid, kept in zip(grids, selected, strict=True):
        plans.update(dict.fromkeys(grid.hdus, kept))
    told = [*history, *_told(fits, grids, selected)]
    for hdu in fits.hdus:
        yield from _parts(fits, hdu, plans, told if hdu.index == 0 else ())


def _parts(
    fits: FitsFile, hdu: Hdu, plans: dict[int, Selected | None], history: Sequence[str]
) -> Iterator[_Part]:
    """Header and data of an extension as the cut has them; none of one that is left out."""
    kept = plans.get(hdu.index)
    if kept is not None:
        yield from _cut(fits, hdu, kept, history)
    elif hdu.index not in plans:
        if history:
            cards = Cards(hdu.header.raw)
            _describe(cards, hdu, _main(plans, fits))
            cards.history(*history)
            yield cards.tobytes()
        else:
            yield hdu.header.raw
        yield hdu.data_offset, hdu.data_size
        yield bytes(-hdu.data_size % _BLOCK)
    elif hdu.index == 0:
        cards = Cards(hdu.header.raw)
        cards.remove_matching(r"NAXIS\d+")
        cards.set("NAXIS", 0)
        cards.history(*history)
        yield cards.tobytes()


def _main(plans: dict[int, Selected | None], fits: FitsFile) -> tuple[Hdu, Selected] | None:
    """The table of the spectrum itself."""
    for kept in plans.values():
        if kept is not None and kept.grid.main and kept.grid.layout in ("rows", "cells"):
            return fits.hdus[kept.grid.hdu], kept
    return None


def _cut(fits: FitsFile, hdu: Hdu, kept: Selected, history: Sequence[str]) -> Iterator[bytes]:
    if hdu.data_size > LARGEST_HDU:
        raise NotCuttable(
            f"HDU {hdu.index} holds {hdu.data_size} bytes; spectra of up to {LARGEST_HDU} bytes "
            "are cut: take the file itself"
        )
    plain = unpacked(hdu) if hdu.compressed else hdu
    cards = Cards(plain.header.raw)
    grid = kept.grid
    if plain.is_table and grid.layout == "rows":
        data = cut_rows(plain, cards, kept.points, _columns_left_out(plain, kept))
    elif plain.is_table and grid.layout == "lists":
        columns = find_columns(plain)
        data = cut_lists(plain, cards, columns.wave if columns else 1, kept.inside)
    elif plain.is_table:
        data = cut_cells(plain, cards, kept.points, kept.lines)
    else:
        first, length = int(kept.points.argmax()), int(kept.points.sum())
        ordered = kept.lines.size > 1 and plain.shape[1:2] == (kept.lines.size,)
        data = cut_image(plain, cards, kept.points, kept.lines if ordered else None)
        shift_axis(plain, cards, first)
        if grid.layout == "orders":
            before, orders = int(kept.lines.argmax()), int(kept.lines.sum())
            keep_orders(plain.header, cards, kept.lines.size, before, orders)
        if grid.layout == "apertures" and hdu.index == grid.hdu:
            shift_functions(plain, cards, first, length, kept.lines)
    if plain.is_table and hdu.index == grid.hdu:
        _describe(cards, plain, (plain, kept))
    cards.history(*history)
    yield cards.tobytes()
    yield data + bytes(-len(data) % _BLOCK)


def _columns_left_out(hdu: Hdu, kept: Selected) -> list[int]:
    """The columns of orders that have no point in the interval, where each has its own."""
    if hdu.index != kept.grid.hdu or kept.lines.size == 1:
        return []
    columns = find_columns(hdu)
    sets = [] if columns is None else column_sets(columns)
    empty = [chosen for chosen, any_kept in zip(sets, kept.lines, strict=True) if not any_kept]
    prefixes = tuple(hdu.columns[chosen.wave - 1][: -len("WL")] for chosen in empty)
    return [i + 1 for i, name in enumerate(hdu.columns) if prefixes and name.startswith(prefixes)]


def _describe(cards: Cards, hdu: Hdu, main: tuple[Hdu, Selected] | None) -> None:
    """The cards of ESO's Phase 3 (SDP standard §5) and of the Spectral Data Model on the extent.

    NELEM, TDMINn, TDMAXn, SPEC_VAL, SPEC_BW in the unit of the wavelengths, WAVELMIN and WAVELMAX
    in nm: where the header has them.
    """
    columns = None if main is None else find_columns(main[0])
    values = None if main is None or columns is None else main[0].column(columns.wave)
    if main is None or columns is None or values is None or columns.log:
        return
    if main[1].grid.layout == "lists":
        return
    table, kept = main
    if values.size != kept.points.size * (kept.lines.size if kept.grid.layout == "cells" else 1):
        return
    values = values.reshape(kept.lines.size if kept.grid.layout == "cells" else 1, -1)
    lines = kept.lines if kept.grid.layout == "cells" else np.ones(1, dtype=bool)
    values = values[lines][:, kept.points].astype(np.float64)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    new: dict[str, float | int] = {"NELEM": int(kept.points.sum()), "DATALEN": values.shape[1]}
    new |= {"SPEC_VAL": (low + high) / 2, "SPEC_BW": high - low}
    if hdu is table:
        new |= {f"TDMIN{columns.wave}": low, f"TDMAX{columns.wave}": high}
    unit = columns.unit
    if unit is not None and unit.kind == "wl":
        new |= {"WAVELMIN": unit.to_metres(low) * 1e9, "WAVELMAX": unit.to_metres(high) * 1e9}
    for keyword, value in new.items():
        if keyword in hdu.header:
            cards.set(keyword, value)


def _read(fits: FitsFile, parts: Sequence[_Part]) -> Iterator[Piece]:
    """The parts one after the other, what is taken over from the file in pieces."""
    source = fits.hdus[0].source
    for part in parts:
        if isinstance(part, bytes):
            yield part
            continue
        offset, count = part
        for start in range(offset, offset + count, _PIECE):
            wanted = min(_PIECE, offset + count - start)
            piece = source.read(start, wanted)
            if len(piece) < wanted:
                raise NotCuttable("the file is shorter than its headers say")
            yield piece
