"""One product of one spectrum: the file's own layout cut, or the common layout of an interval."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np

from service.cutouts.errors import NoOverlap, NotCuttable
from service.cutouts.product import Piece, Product, Source
from service.cutouts.spectra_native import native_pieces, within
from service.cutouts.spectra_place import lies_in
from service.cutouts.wanted import Interval, Wanted
from service.ingest.fits import FitsFile
from service.spectra.conversion import points_of, vacuum_metres
from service.spectra.fits_table import fits_table
from service.spectra.holdings import MOST_POINTS
from service.spectra.layout import NotConvertible, Spectrum
from service.spectra.model import Origin
from service.spectra.opening import Ranges, hdus_of
from service.spectra.provenance import converter
from service.spectra.reading import read_spectra
from service.spectra.votable import votable

Form: TypeAlias = Literal["native", "votable", "fits"]
FORMS: tuple[Form, ...] = ("native", "votable", "fits")
_MEDIA = {"native": "application/fits", "fits": "application/fits"}
_MEDIA |= {"votable": "application/x-votable+xml"}
_PIECE = 2**20
_ALL: Interval = (-math.inf, math.inf)


def cut_spectrum(source: Source, wanted: Wanted, form: Form, origin: Origin) -> Product:
    """The points of a spectrum in `wanted.band`, a closed interval of vacuum wavelengths.

    `form`: "native", the layout of the file; "votable" and "fits", the layout of `/spectra`.
    `origin`: the dataset as the archive describes it. A region is met where the position with its
    aperture lies in it; nothing is cut by region or time. A file that does not say whether its
    wavelengths are in air or vacuum is taken to be in vacuum; the header says so.

    Blocks: for a thread or a task. NoOverlap, NotCuttable, Damaged and Unavailable as for images.
    """
    name = source.name
    _must_meet(source, wanted, origin)
    ranges = Ranges(source.file, source.file.state.size)
    band = wanted.band or _ALL
    try:
        fits = hdus_of(ranges, name, source.header)
        pieces: Iterator[Piece]
        if form != "native":
            document, partial = _common(fits, source, band, form, origin)
            pieces, size = iter([document]), len(document)
        elif wanted.band is None:
            pieces, size, partial = _whole(fits), fits.hdus[0].source.size, False
        else:
            pieces, size, held = native_pieces(
                fits, source.reader or "", band, _history(source, band)
            )
            partial = _reaches_beyond(band, held)
    except NoOverlap as error:
        raise NoOverlap(f"{name}: {error.message}") from error
    except (NotCuttable, NotConvertible) as error:
        raise NotCuttable(f"the file {name} cannot be cut: {error.message}") from error
    product = Product(
        name=_product_name(name, wanted.band, form),
        media_type=_MEDIA[form],
        pieces=iter(()),
        size=size,
        partial=partial,
        bytes_read=ranges.taken,
    )
    product.pieces = _counted(product, pieces, ranges)
    return product


def _must_meet(source: Source, wanted: Wanted, origin: Origin) -> None:
    """NoOverlap where place, time or polarisation of the dataset are none that are wanted."""
    name, ra, dec = source.name, origin.ra, origin.dec
    if wanted.region is not None:
        if ra is None or dec is None:
            raise NoOverlap(f"{name}: the position of the spectrum is not known")
        if not lies_in(wanted.region, ra, dec, (origin.fov or 0.0) / 2):
            raise NoOverlap(
                f"{name}: the spectrum, at {ra:.6f} {dec:+.6f}, lies outside the region"
            )
    if wanted.time is not None:
        if source.time is None:
            raise NoOverlap(f"{name}: the time of the spectrum is not known")
        if source.time[1] < wanted.time[0] or source.time[0] > wanted.time[1]:
            raise NoOverlap(
                f"{name}: the spectrum was taken from MJD {source.time[0]} to {source.time[1]}"
            )
    if wanted.pol and not set(wanted.pol) & set(source.pol or ("I",)):
        raise NoOverlap(f"{name}: the spectrum has none of the polarisations wanted")


def _common(
    fits: FitsFile, source: Source, band: Interval, form: Form, origin: Origin
) -> tuple[bytes, bool]:
    """The document in the common layout, and whether the interval reaches beyond the spectra."""
    spectra = read_spectra(fits, source.reader)
    metres = [vacuum_metres(spectrum) for spectrum in spectra]
    low, high = (float(edge(np.concatenate(metres))) for edge in (np.min, np.max))
    kept = []
    for spectrum, values in zip(spectra, metres, strict=True):
        inside = within(values, band)
        if inside.any():
            kept.append(_noted(points_of(spectrum, inside), int(inside.size), band))
    if not kept:
        raise NoOverlap(
            f"no point of the spectrum lies between {band[0]:.9g} and {band[1]:.9g} m: it holds "
            f"{low:.9g} to {high:.9g} m"
        )
    points = sum(len(spectrum) for spectrum in kept)
    if points > MOST_POINTS:
        raise NotCuttable(f"{points} points are wanted, more than {MOST_POINTS}: ask for fewer")
    write: Callable[..., bytes] = votable if form == "votable" else fits_table
    return write(kept, origin), _reaches_beyond(band, (low, high))


def _noted(spectrum: Spectrum, points: int, band: Interval) -> Spectrum:
    if band == _ALL:
        return spectrum
    kept = f"{len(spectrum)} of {points} points"
    note = f"cut to {band[0]!r} to {band[1]!r} m in vacuum: {kept} are kept"
    if spectrum.medium == "unknown":
        note += "; the file does not say air or vacuum and is taken for vacuum"
    return replace(spectrum, notes=(*spectrum.notes, note))


def _history(source: Source, band: Interval) -> tuple[str, ...]:
    return (
        f"Cut by {converter()} out of {source.name},",
        source.identifier,
        f"to BAND={band[0]!r} {band[1]!r} (metres, in vacuum).",
    )


def _reaches_beyond(band: Interval, held: Interval) -> bool:
    """Whether a closed end of the interval lies where the spectrum has no point."""
    low, high = band
    return (math.isfinite(low) and low < held[0]) or (math.isfinite(high) and high > held[1])


def _whole(fits: FitsFile) -> Iterator[Piece]:
    source = fits.hdus[0].source
    for start in range(0, source.size, _PIECE):
        yield source.read(start, _PIECE)


def _counted(product: Product, pieces: Iterator[Piece], ranges: Ranges) -> Iterator[Piece]:
    for piece in pieces:
        product.bytes_read = ranges.taken
        yield piece


def _product_name(name: str, band: Interval | None, form: Form) -> str:
    """The file's name, the interval in nm, and what tells the form."""
    stem = name
    for suffix in (".gz", ".bz2", ".fz", ".fits", ".fit", ".fts"):
        stem = stem[: -len(suffix)] if stem.lower().endswith(suffix) else stem
    if band is not None:
        ends = ["" if math.isinf(end) else f"{end * 1e9:.6g}" for end in band]
        stem += f"_{'-'.join(ends)}nm"
    return stem + {"native": ".fits", "votable": "_spectrum.vot", "fits": "_spectrum.fits"}[form]
