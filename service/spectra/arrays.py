"""The arrays of an HDU, whatever its form: tables of text or bytes, images compressed in tiles."""

import io
import re
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from service.ingest.fits import Hdu
from service.spectra.layout import NotConvertible

_PLAIN = re.compile(r"\d*[BIJKED]\s*$")
# An HDU is held in memory while it is read.
LARGEST_HDU = 64 * 2**20


def column(hdu: Hdu, number: int) -> NDArray[Any]:
    """A column of numbers, shape (rows, elements), scaled, NaN where TNULLn marks no value.

    NotConvertible where the column holds no plain numbers.
    """
    _bounded(hdu)
    header = hdu.header
    place = f"column {hdu.columns[number - 1]} of HDU {hdu.index}"
    plain = header.text("XTENSION") == "BINTABLE" and _PLAIN.match(
        header.text(f"TFORM{number}") or ""
    )
    values = hdu.column(number) if plain else _by_astropy(hdu, number - 1, place)
    if values is None or values.dtype.kind not in "iufb":
        raise NotConvertible(f"{place} holds no numbers")
    if not values.size:
        raise NotConvertible(f"{place} is empty")
    null = header.get(f"TNULL{number}")
    if plain and isinstance(null, int) and header.number(f"TSCAL{number}") in (None, 1.0):
        zero = header.number(f"TZERO{number}") or 0
        if values.dtype.kind in "iu" or zero:
            return np.where(values == null + zero, np.nan, values)
    return values


def image(hdu: Hdu) -> NDArray[Any]:
    """The pixels, scaled, in numpy's order of axes, NaN where BLANK marks none."""
    _bounded(hdu)
    shape = hdu.shape[::-1]
    place = f"the pixels of HDU {hdu.index}"
    values = _by_astropy(hdu, None, place) if hdu.compressed else hdu.image()
    if values.size != int(np.prod(shape)):
        raise NotConvertible(f"{place} are not as many as its header says")
    blank = hdu.header.get("BLANK")
    if not hdu.compressed and isinstance(blank, int) and hdu.header.integer("BITPIX") > 0:
        factor, zero = hdu.header.number("BSCALE"), hdu.header.number("BZERO")
        marked = blank * (1.0 if factor is None else factor) + (zero or 0.0)
        values = np.where(values == marked, np.nan, values)
    return values.reshape(shape)


def _bounded(hdu: Hdu) -> None:
    if hdu.data_size > LARGEST_HDU:
        raise NotConvertible(
            f"HDU {hdu.index} holds {hdu.data_size} bytes; spectra of up to {LARGEST_HDU} bytes "
            "are converted: take the file itself"
        )


def _by_astropy(hdu: Hdu, number: int | None, place: str) -> NDArray[Any]:
    """A column (counted from 0), or the image, as astropy reads it from this HDU alone.

    astropy raises whatever its parts raise on damaged tables and tiles: all of it means the same.
    """
    raw = hdu.source.read(hdu.data_offset, hdu.data_size)
    whole = _PRIMARY + hdu.header.raw + raw + bytes(-len(raw) % 2880)
    try:
        with fits.open(io.BytesIO(whole), memmap=False, lazy_load_hdus=False) as file:
            data = file[1].data
            values = data if number is None else data.field(number)
            if values.dtype.kind == "O":
                values = _ragged(values)
            return np.array(values).reshape(len(values), -1)
    except Exception as error:
        raise NotConvertible(f"{place} cannot be read ({type(error).__name__})") from error


def _ragged(rows: NDArray[Any]) -> NDArray[Any]:
    """Cells of different lengths as one array, filled up with NaN."""
    longest = max((len(row) for row in rows), default=0)
    values = np.full((len(rows), longest), np.nan)
    for filled, row in zip(values, rows, strict=True):
        filled[: len(row)] = row
    return values


_PRIMARY = fits.PrimaryHDU().header.tostring().encode("ascii")
