"""From the pieces of a file (orders, arms, chips, segments) to spectra in the one layout."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from service.ingest.units import SpectralUnit, spectral_unit
from service.spectra.fluxes import flux_ucd, parse_unit, unit_text
from service.spectra.layout import Kind, Medium, NotConvertible, Spectrum

Values = NDArray[Any]

# Wavelengths without a unit are taken for Angstrom where they lie here: what IRAF, XIDL and most
# tables of optical spectra mean; below lie micrometres and nanometres.
_ANGSTROM = (300.0, 60_000.0)
# Ranges that share more than this are of different spectra, not of neighbouring orders.
_SAME_RANGE = 0.8


@dataclass(frozen=True, slots=True)
class Piece:
    """Values along one stretch of wavelengths, as the file has them, all of one length.

    `flux` and `error` in the file's own flux unit, `quality` integers.
    """

    wave: Values
    flux: Values
    error: Values | None = None
    quality: Values | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """What the file says of the values of its pieces.

    `place` names the extension and column of the wavelengths, for errors. `log`: wavelengths are
    log10, also where `unit` is None, not known. `flux_unit` as it is written.
    """

    place: str
    unit: SpectralUnit | None
    medium: str | None
    log: bool = False
    flux_unit: str | None = None
    flux_ucd: str | None = None
    specsys: str | None = None
    notes: tuple[str, ...] = ()


def spectrum_of(pieces: Sequence[Piece], said: Described, label: str | None = None) -> Spectrum:
    """One spectrum of all pieces, its points in order of wavelength.

    NotConvertible where no point has a wavelength, or their unit cannot be known.
    """
    wave = np.concatenate([np.asarray(piece.wave, dtype=np.float64).ravel() for piece in pieces])
    flux = np.concatenate([_real(piece.flux) for piece in pieces])
    error = _joined([piece.error for piece in pieces], pieces, np.nan)
    quality = _joined([piece.quality for piece in pieces], pieces, 0)
    order = None
    if len(pieces) > 1:
        sizes = [piece.wave.size for piece in pieces]
        order = np.repeat(np.arange(1, len(pieces) + 1, dtype=np.int32), sizes)
    notes = list(said.notes)
    if said.log or (said.unit is not None and said.unit.log):
        with np.errstate(over="ignore"):
            wave = 10.0**wave
        notes.append("wavelengths were log10 and are linear here")
    kept = np.isfinite(wave) & (wave > 0)
    if not kept.any():
        raise NotConvertible(f"{said.place} holds no value above zero: there are no wavelengths")
    if not kept.all():
        count = int(kept.size - kept.sum())
        notes.append(f"{count} points without a wavelength are left out")
    index: NDArray[np.intp] | slice = np.flatnonzero(kept)
    steps = np.diff(wave[index])
    if not np.all(steps >= 0):
        index = np.flatnonzero(kept)[np.argsort(wave[kept], kind="stable")]
        notes.append(
            "points are sorted by wavelength" + (", of all orders" if order is not None else "")
        )
    elif kept.all():
        index = slice(None)
    unit, assumed = unit_of(said, wave[index])
    flux_unit = parse_unit(said.flux_unit)
    return Spectrum(
        wavelength=wave[index],
        unit=unit.name,
        kind=cast(Kind, unit.kind),
        medium=_medium(said.medium, unit),
        flux=flux[index],
        flux_unit=None if flux_unit is None else unit_text(flux_unit),
        flux_ucd=said.flux_ucd or flux_ucd(flux_unit),
        flux_unit_written=said.flux_unit,
        error=None if error is None or not np.isfinite(error).any() else error[index],
        quality=None if quality is None else _flags(quality[index]),
        order=None if order is None else order[index],
        label=label,
        specsys=said.specsys,
        notes=(*notes, *assumed),
    )


def spectra_of(
    pieces: Sequence[Piece], said: Described, labels: Sequence[str | None]
) -> tuple[Spectrum, ...]:
    """Pieces of which nothing says whether they are orders of one spectrum or several spectra.

    Those that cover the same range are several; those that follow each other are one.
    """
    if len(pieces) == 1:
        return (spectrum_of(pieces, said),)
    if not _same_range(pieces):
        return (spectrum_of(pieces, said),)
    return distinct(
        [spectrum_of([piece], said, label) for piece, label in zip(pieces, labels, strict=True)]
    )


def distinct(spectra: Sequence[Spectrum]) -> tuple[Spectrum, ...]:
    """Without those whose points are the same as those of the first (files repeat tables)."""
    first = spectra[0]
    others = [
        other
        for other in spectra[1:]
        if len(other) != len(first)
        or not np.array_equal(other.wavelength, first.wavelength)
        or not np.array_equal(other.flux, first.flux, equal_nan=True)
    ]
    return (first, *others) if others else (replace(first, label=None),)


def sigma(values: Values, kind: str) -> Values:
    """One standard deviation from what a column or image holds: error, variance, ivar.

    NaN where a variance or an inverse variance is not above zero: the point has no known error.
    """
    plain = _real(values).reshape(values.shape)
    if kind == "error":
        return plain
    with np.errstate(divide="ignore", invalid="ignore"):
        known = np.where(plain > 0, plain, np.nan)
        root = np.sqrt(known) if kind == "variance" else 1.0 / np.sqrt(known)
    return np.asarray(root, dtype=plain.dtype)


def _real(values: Values) -> Values:
    """Native floats that hold the values exactly: float32 for those of 2 bytes, else float64."""
    small = values.dtype.kind == "f" and values.dtype.itemsize <= 4
    short = values.dtype.kind in "iub" and values.dtype.itemsize <= 2
    return values.astype(np.float32 if small or short else np.float64, copy=False).ravel()


def _joined(
    parts: Sequence[Values | None], pieces: Sequence[Piece], filler: float
) -> Values | None:
    """Parts one after the other, `filler` where a piece has none; None where none has any."""
    if all(part is None for part in parts):
        return None
    whole = [
        np.full(piece.wave.size, filler) if part is None else part.ravel()
        for part, piece in zip(parts, pieces, strict=True)
    ]
    return np.concatenate([part.astype(part.dtype.newbyteorder("="), copy=False) for part in whole])


def _flags(values: Values) -> NDArray[np.integer[Any]] | None:
    """Flags as integers of 4 bytes, 8 where they need them; 1 where there is none but others have
    (Spectrum DM 1.1 §4.5.6: bad for an unspecified reason). None where no point has one."""
    if values.dtype.kind == "f":
        known = np.isfinite(values) & (np.abs(values) < 2**53)
        if not known.any():
            return None
        values = np.where(known, values, 1).astype(np.int64)
    if values.dtype.itemsize == 8 or values.dtype == np.uint32:
        signed = values.astype(np.int64)
        low, high = signed.min(initial=0), signed.max(initial=0)
        return signed.astype(np.int32) if low >= -(2**31) and high < 2**31 else signed
    return values.astype(np.int32)


def unit_of(said: Described, waves: NDArray[np.float64]) -> tuple[SpectralUnit, tuple[str, ...]]:
    if said.unit is not None:
        return said.unit, ()
    middle = float(np.median(waves))
    angstrom = spectral_unit("Angstrom")
    if angstrom is None or not _ANGSTROM[0] <= middle <= _ANGSTROM[1]:
        raise NotConvertible(
            f"{said.place} states no unit of wavelength, and around {middle:.6g} none can be taken "
            "for granted: the publisher can set the card under [header] in collection.toml"
        )
    return angstrom, ("the file states no unit of wavelength; Angstrom is taken for granted",)


def _medium(stated: str | None, unit: SpectralUnit) -> Medium:
    if unit.kind != "wl":
        return "vacuum"
    return cast(Medium, stated) if stated in ("air", "vacuum") else "unknown"


def _same_range(pieces: Sequence[Piece]) -> bool:
    """Whether any two neighbours share most of the shorter one's range."""
    ranges = []
    for piece in pieces:
        known = piece.wave[np.isfinite(piece.wave) & (piece.wave > 0)]
        if known.size > 1:
            ranges.append((float(known.min()), float(known.max())))
    ranges.sort()
    for (low, high), (other_low, other_high) in itertools.pairwise(ranges):
        shorter = min(high - low, other_high - other_low)
        if min(high, other_high) - max(low, other_low) > _SAME_RANGE * shorter:
            return True
    return False
