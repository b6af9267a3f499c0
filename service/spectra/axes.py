"""Where in a file the points of its spectra lie, and at which wavelengths.

A file has one grid of points or several (arms, chips, exposures). Of each it is told which
extensions lie on it, so that what belongs to a point can be found in all of them.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from service.ingest.fits import FitsFile, Hdu
from service.ingest.readers.columns import find_columns
from service.ingest.readers.eso_drs import drs_kind, drs_medium, echelle_waves
from service.ingest.readers.image_set import named_waves, xidl_wave
from service.ingest.readers.iraf import (
    dispersed_image,
    is_multispec,
    multispec_unit,
    multispec_waves,
)
from service.ingest.units import SpectralUnit, spectral_unit
from service.ingest.wavelength import declared_medium, spectral_axis, vacuum_from_air
from service.spectra.arrays import column, image
from service.spectra.forms import READERS_OF_SPECTRA
from service.spectra.layout import NotConvertible
from service.spectra.pieces import Described, unit_of
from service.spectra.tables import column_sets, described, lengths_of, spectral_tables

Layout: TypeAlias = Literal[
    "rows", "cells", "lists", "cards", "grid", "orders", "apertures", "images"
]
Metres: TypeAlias = NDArray[np.float64]
_ONLY_FIRST = ("eso_phase3", "sdss", "lamost")


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Points in `lines` of n: orders, apertures, rows of a table.

    `metres`: wavelengths in vacuum, shape (sets, lines, n), NaN where there is none; more than one
    set where several arrays of wavelengths (science, sky) share the points. `hdu` holds them, as
    rows or cells of a table, by cards (CRVAL1, COEFF0), by polynomials or dispersion functions, or
    as an image.
    `hdus`: the indices of all extensions on these points. `main`: the spectrum itself, not parts
    that lie beside it. `medium`: of the file's own wavelengths.
    """

    layout: Layout
    hdu: int
    metres: Metres
    hdus: tuple[int, ...]
    medium: str
    main: bool = True


def grids_of(fits: FitsFile, reader: str) -> tuple[Grid, ...]:
    """The grids of a file that ingest's `reader` took, the main one first.

    NotConvertible where the wavelengths cannot be known, or are a first one and a step in the cells
    of a table.
    """
    if reader not in READERS_OF_SPECTRA:
        raise NotConvertible("the file holds no spectrum of a layout that is known")
    if reader == "desi":
        return _arms(fits)
    if reader == "image_set":
        return _image_sets(fits)
    if reader in ("iraf", "aat_2df"):
        return (_axis(fits, None),)
    if reader == "eso_drs":
        if drs_kind(fits) == "e2ds":
            return (_orders(fits),)
        return (_axis(fits, drs_medium(fits.primary)),)
    if reader in ("sdss", "lamost") and fits.hdus[0].shape:
        return (_coefficients(fits),)
    medium = {"eso_phase3": drs_medium(fits.primary), "sdss": "vacuum"}.get(reader)
    return _tables(fits, medium, reader in _ONLY_FIRST)


def _metres(waves: NDArray[np.floating], said: Described) -> tuple[Metres, str]:
    """Wavelengths of a file in metres of vacuum, NaN where there is none; and their medium."""
    values = np.asarray(waves, dtype=np.float64)
    with np.errstate(all="ignore"):
        if said.log or (said.unit is not None and said.unit.log):
            values = 10.0**values
        known = np.isfinite(values) & (values > 0)
        if not known.any():
            raise NotConvertible(f"{said.place} holds no value above zero")
        unit, _ = unit_of(said, values[known])
        # The functions of units are plain arithmetic, written for numbers.
        metres = cast(Metres, unit.to_metres(values))  # type: ignore[arg-type]
        if said.medium == "air" and unit.kind == "wl":
            metres = vacuum_from_air(metres)
    medium = said.medium if unit.kind == "wl" else "vacuum"
    return np.where(known, metres, np.nan), medium or "unknown"


def _tables(fits: FitsFile, medium: str | None, only_first: bool) -> tuple[Grid, ...]:
    """Tables with wavelengths and a flux, and what else has as many points as the first."""
    grids: list[Grid] = []
    main = [columns.hdu.index for columns in spectral_tables(fits)]
    if not main:
        raise NotConvertible("no table has a column of wavelengths and one of a flux")
    for hdu in fits.tables:
        columns = find_columns(hdu) if hdu.rows else None
        if columns is None or columns.flux is None:
            continue
        if hdu.column_number("DELTAW") is not None:
            raise NotConvertible("its cells hold a first wavelength and a step")
        sets = column_sets(columns)
        waves = np.array([column(hdu, chosen.wave) for chosen in sets])
        layout: Layout = "rows" if waves.shape[2] == 1 else "cells"
        if re.match(r"1?[PQ]", hdu.header.text(f"TFORM{columns.wave}") or ""):
            layout = "lists"
        lines = waves[:, :, 0] if layout == "rows" else _filled(hdu, waves[0])
        metres, known = _metres(lines, described(columns, fits.primary, medium))
        is_main = hdu.index in (main[:1] if only_first else main)
        grids.append(Grid(layout, hdu.index, metres[None], (hdu.index,), known, is_main))
    first = next(i for i, grid in enumerate(grids) if grid.hdu == main[0])
    taken = {index for grid in grids for index in grid.hdus}
    beside = [hdu.index for hdu in fits.hdus if hdu.index not in taken and _on(hdu, grids[first])]
    grids[first] = replace(grids[first], hdus=(*grids[first].hdus, *beside))
    return (grids[first], *grids[:first], *grids[first + 1 :])


def _filled(hdu: Hdu, waves: NDArray[np.floating]) -> NDArray[np.floating]:
    """The wavelengths in cells, NaN where a cell is not filled (HST: NELEM)."""
    lengths = np.array(lengths_of(hdu, waves.shape))[:, None]
    return np.where(np.arange(waves.shape[1]) < lengths, waves, np.nan)


def _on(hdu: Hdu, grid: Grid) -> bool:
    """Whether an extension without wavelengths of its own has as many points as a grid."""
    _, lines, points = grid.metres.shape
    if grid.layout == "lists":
        return False
    if hdu.is_image:
        return bool(hdu.shape[0] == points)
    if grid.layout == "rows":
        return bool(hdu.is_table and hdu.rows == points)
    lengths = [hdu.column_length(i + 1) for i in range(len(hdu.columns))]
    return bool(hdu.is_table and hdu.rows == lines and points > 1 and points in lengths)


def _axis(fits: FitsFile, medium: str | None) -> Grid:
    """An axis by its cards, or by IRAF's dispersion functions."""
    hdu = dispersed_image(fits)
    if hdu is None:
        raise NotConvertible("no image has a dispersion axis")
    header, place = hdu.header, f"the dispersion axis of HDU {hdu.index}"
    if is_multispec(header):
        stated = declared_medium(header, fits.primary)
        said = Described(place, multispec_unit(header), stated)
        return _apertures(fits, hdu, said)
    pixels = np.arange(1.0, hdu.shape[0] + 1)
    axis = spectral_axis(header, 1, pixels, fits.primary, medium)
    if axis is None:
        raise NotConvertible(f"{place} has no CRVAL1 and step, or no rest frequency")
    metres, known = _metres(axis.values, Described(place, axis.unit, axis.medium, axis.log))
    return _by_cards("cards", fits, hdu, metres, known)


def _orders(fits: FitsFile) -> Grid:
    """An e2ds of the DRS: an order a line, its wavelengths a polynomial of the pixel's number."""
    hdu = fits.hdus[0]
    waves = echelle_waves(hdu.header, np.arange(float(hdu.shape[0])), hdu.shape[1])
    said = Described("the header", spectral_unit("Angstrom"), drs_medium(fits.primary))
    metres, known = _metres(waves, said)
    return Grid("orders", 0, metres[None], (0,), known)


def _coefficients(fits: FitsFile) -> Grid:
    """SDSS's and LAMOST's COEFF0 + COEFF1 i: log10 of Angstrom, in vacuum."""
    hdu = fits.hdus[0]
    start, step = hdu.header.number("COEFF0"), hdu.header.number("COEFF1")
    if start is None or step is None:
        raise NotConvertible("the header has no COEFF0 and COEFF1 of its wavelengths")
    medium = declared_medium(hdu.header) or "vacuum"
    said = Described("COEFF0 of HDU 0", spectral_unit("log10(Angstrom)"), medium)
    metres, known = _metres(start + step * np.arange(hdu.shape[0]), said)
    return _by_cards("grid", fits, hdu, metres, known)


def _by_cards(layout: Layout, fits: FitsFile, hdu: Hdu, metres: Metres, medium: str) -> Grid:
    grid = Grid(layout, hdu.index, metres[None, None], (hdu.index,), medium)
    others = [h.index for h in fits.hdus if h is not hdu and _on(h, grid)]
    return replace(grid, hdus=(hdu.index, *others))


def _apertures(fits: FitsFile, hdu: Hdu, said: Described) -> Grid:
    waves = multispec_waves(hdu.header)
    lines, points = hdu.shape[1] if len(hdu.shape) > 1 else 1, hdu.shape[0]
    if len(waves) != lines:
        raise NotConvertible(
            f"HDU {hdu.index} has {lines} lines and {len(waves)} dispersion functions"
        )
    values = np.full((lines, points), np.nan)
    for i, wave in enumerate(waves):
        values[i, : min(points, wave.size)] = wave[:points]
    metres, known = _metres(values, said)
    others = [h.index for h in fits.images if h is not hdu and h.shape[:2] == hdu.shape[:2]]
    return Grid("apertures", hdu.index, metres[None], (hdu.index, *others), known)


def _image_sets(fits: FitsFile) -> tuple[Grid, ...]:
    """Images of wavelengths, those of one shape on the same points."""
    xidl = xidl_wave(fits)
    waves = named_waves(fits) or ([] if xidl is None else [xidl])
    if not waves:
        raise NotConvertible("no image holds wavelengths")
    grids = []
    for shape in dict.fromkeys(wave.shape for wave in waves):
        same = [wave for wave in waves if wave.shape == shape]
        read = [_wave_image(fits, wave, is_xidl=wave is xidl) for wave in same]
        metres = np.array([values.reshape(-1, shape[0]) for values, _ in read])
        hdus = [hdu.index for hdu in fits.images if _same_points(hdu, shape)]
        grids.append(
            Grid("images", same[0].index, metres, tuple(hdus), read[0][1], shape == waves[0].shape)
        )
    return tuple(grids)


def _wave_image(fits: FitsFile, wave: Hdu, is_xidl: bool) -> tuple[Metres, str]:
    unit = spectral_unit(wave.header.text("BUNIT", "CUNIT1"))
    medium = declared_medium(wave.header, fits.primary)
    if is_xidl:
        return _metres(image(wave), Described("HDU 2", unit or spectral_unit("Angstrom"), medium))
    named = "vacuum" if "VAC" in wave.name else "air" if "AIR" in wave.name else None
    return _metres(image(wave), Described(f"the image {wave.name}", unit, medium or named))


def _same_points(hdu: Hdu, shape: tuple[int, ...]) -> bool:
    """Whether an image has the points of images of wavelengths, or one line for all of theirs."""
    one_line = int(np.prod(shape)) == shape[0]
    if one_line:
        return hdu.shape[0] == shape[0]
    return hdu.shape[: len(shape)] == shape or hdu.shape == shape[:1]


def _arms(fits: FitsFile) -> tuple[Grid, ...]:
    """DESI's arms: B_WAVELENGTH and all images B_*, in vacuum by the DESI data model."""
    grids = []
    for wave in fits.images:
        match = re.fullmatch(r"(.+_)WAVELENGTH", wave.name)
        if match is None or fits.named(f"{match[1]}FLUX") is None:
            continue
        unit: SpectralUnit | None = spectral_unit(wave.header.text("BUNIT"))
        said = Described(wave.name, unit or spectral_unit("Angstrom"), "vacuum")
        metres, medium = _metres(image(wave), said)
        hdus = [
            hdu.index
            for hdu in fits.images
            if hdu.name.startswith(match[1]) and hdu.shape[0] == wave.shape[0]
        ]
        grids.append(Grid("images", wave.index, metres.reshape(1, 1, -1), tuple(hdus), medium))
    if not grids:
        raise NotConvertible("no arm has both a _WAVELENGTH and a _FLUX image")
    return tuple(grids)
