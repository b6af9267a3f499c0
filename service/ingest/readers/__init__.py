"""Readers by convention, in the order they are asked: the special before the general."""

from collections.abc import Callable
from dataclasses import dataclass

from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import FitsFile
from service.ingest.readers import (
    aat_2df,
    cube,
    desi,
    eso_drs,
    eso_phase3,
    hips_tile,
    image_set,
    iraf,
    lamost,
    sdss,
    table_spectrum,
    timeseries,
    wcs_image,
)

# What a change of the readers' results raises: files of an older number are read again.
RULES = 3


@dataclass(frozen=True, slots=True)
class Reader:
    """`recognise` gives a short reason why the file is of this convention, or None."""

    name: str
    takes: str
    recognise: Callable[[FitsFile], str | None]
    read: Callable[[FitsFile], DatasetFacts]


READERS: tuple[Reader, ...] = (
    Reader("eso_phase3", eso_phase3.TAKES, eso_phase3.recognise, eso_phase3.read),
    Reader("eso_drs", eso_drs.TAKES, eso_drs.recognise, eso_drs.read),
    Reader("lamost", lamost.TAKES, lamost.recognise, lamost.read),
    Reader("sdss", sdss.TAKES, sdss.recognise, sdss.read),
    Reader("desi", desi.TAKES, desi.recognise, desi.read),
    Reader("aat_2df", aat_2df.TAKES, aat_2df.recognise, aat_2df.read),
    Reader("timeseries", timeseries.TAKES, timeseries.recognise, timeseries.read),
    Reader("cube", cube.TAKES, cube.recognise, cube.read),
    Reader("wcs_image", wcs_image.TAKES, wcs_image.recognise, wcs_image.read),
    Reader("hips_tile", hips_tile.TAKES, hips_tile.recognise, hips_tile.read),
    Reader("image_set", image_set.TAKES, image_set.recognise, image_set.read),
    Reader("iraf", iraf.TAKES, iraf.recognise, iraf.read),
    Reader("table_spectrum", table_spectrum.TAKES, table_spectrum.recognise, table_spectrum.read),
)
READER_NAMES = tuple(reader.name for reader in READERS)


def read_facts(fits: FitsFile, choice: str | None = None) -> tuple[str, DatasetFacts]:
    """The name of the reader that took the file, and the facts it found.

    `choice`: the reader that collection.toml names; it is used without asking the others. Raises
    Refusal where no reader knows the layout.
    """
    for reader in READERS:
        if choice == reader.name or (choice is None and reader.recognise(fits)):
            return reader.name, reader.read(fits)
    raise _unknown(fits)


def _unknown(fits: FitsFile) -> Refusal:
    """Say what the file holds, and which cards would make a spectrum or image of it."""
    if not fits.images and not fits.tables:
        return Refusal("no HDU holds data: there is neither an image nor a table")
    if not fits.images:
        columns = ", ".join(fits.tables[0].columns[:6]) or "none"
        return Refusal(
            "the file holds tables, and none has a column of wavelengths, frequencies or times "
            f"(columns of the first: {columns})",
            ("TTYPEn = 'WAVE'", "TUCDn = 'em.wl'"),
        )
    shape = "x".join(str(n) for n in fits.images[0].shape)
    if len([n for n in fits.images[0].shape if n > 1]) < 2:
        return Refusal(
            f"a one-dimensional array of {shape} pixels whose axis the header does not describe",
            ("CTYPE1 = 'WAVE'", "CUNIT1", "CRVAL1", "CDELT1"),
        )
    return Refusal(
        f"an array of {shape} pixels without celestial or spectral coordinates",
        ("CTYPE1 = 'RA---TAN'", "CTYPE2 = 'DEC--TAN'", "CRVALi", "CRPIXi", "CDi_j"),
    )
