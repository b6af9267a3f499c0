"""Cutting images along a dispersion axis, and the cards and functions of their wavelengths."""

import io
import re
import warnings
from dataclasses import replace

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from service.cutouts.errors import NotCuttable
from service.cutouts.spectra_cards import Cards
from service.ingest.fits import Bytes, Hdu, open_fits
from service.ingest.wavelength import wat_text

_SPEC = re.compile(r'spec\d+\s*=\s*"([^"]*)"')
_REFERENCE = re.compile(r"CRPIX1([A-Z]?)")
_PRIMARY = b"".join(
    card.ljust(80)
    for card in (
        b"SIMPLE  =                    T",
        b"BITPIX  =                    8",
        b"NAXIS   =                    0",
        b"END",
    )
).ljust(2880)

Mask = NDArray[np.bool_]


def without_gaps(points: Mask) -> Mask:
    """The shortest run of points that holds all that are wanted."""
    wanted = np.flatnonzero(points)
    run = np.zeros_like(points)
    run[wanted[0] : wanted[-1] + 1] = True
    return run


def cut_image(hdu: Hdu, cards: Cards, points: Mask, lines: Mask | None) -> bytes:
    """Some pixels of the first axis, and some of the second where `lines` is given."""
    octets = abs(hdu.header.integer("BITPIX")) // 8
    shape = hdu.shape[::-1]
    size = int(np.prod(shape, dtype=np.int64)) * octets
    if octets == 0 or size != hdu.data_size:
        raise NotCuttable(f"the cards of the image in HDU {hdu.index} contradict each other")
    raw = hdu.source.read(hdu.data_offset, hdu.data_size)
    kept = np.frombuffer(raw, f"V{octets}").reshape(shape)[..., points]
    cards.set("NAXIS1", kept.shape[-1])
    if lines is not None and len(shape) > 1:
        kept = kept[..., lines, :]
        cards.set("NAXIS2", kept.shape[-2])
    return kept.tobytes()


def shift_axis(hdu: Hdu, cards: Cards, pixels: int) -> None:
    """The cards of a first axis that begins so many pixels later.

    CRPIX1 (of all alternative axes), IRAF's LTV1, and COEFF0 of SDSS and LAMOST.
    """
    header = hdu.header
    found = [match[0] for keyword in header if (match := _REFERENCE.fullmatch(keyword))]
    if "CRVAL1" in header and "CRPIX1" not in header:
        cards.set("CRPIX1", 1.0 - pixels)
    for keyword in found:
        cards.set(keyword, (header.number(keyword) or 0.0) - pixels)
    physical = header.number("LTV1")
    if physical is not None:
        cards.set("LTV1", physical - pixels)
    start, step = header.number("COEFF0"), header.number("COEFF1")
    if start is not None and step is not None:
        cards.set("COEFF0", start + step * pixels)


def unpacked(hdu: Hdu) -> Hdu:
    """A tile-compressed image as a plain one of the same pixels, integers without loss.

    astropy raises whatever its parts raise on damaged tiles: all of it means the same.
    """
    raw = hdu.source.read(hdu.data_offset, hdu.data_size)
    whole = _PRIMARY + hdu.header.raw + raw + bytes(-len(raw) % 2880)
    buffer = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(io.BytesIO(whole), memmap=False) as file:
                plain = fits.ImageHDU(file[1].data, file[1].header)
                fits.HDUList([fits.PrimaryHDU(), plain]).writeto(buffer, output_verify="ignore")
    except (ValueError, TypeError, KeyError, IndexError, OSError, RuntimeError) as error:
        raise NotCuttable(f"the tiles of HDU {hdu.index} cannot be unpacked ({error})") from error
    return replace(open_fits("", Bytes(buffer.getvalue())).hdus[1], index=hdu.index)


def shift_functions(hdu: Hdu, cards: Cards, first: int, length: int, lines: Mask) -> None:
    """IRAF's dispersion functions (Valdes 1993 §5) of some lines, that begin later.

    Apertures are numbered anew along the image; their own numbers stay.
    """
    text = wat_text(hdu.header, 2)
    kept = np.flatnonzero(lines)
    specs = [match[1] for match in _SPEC.finditer(text)]
    try:
        moved = [_moved(specs[i].split(), first, length) for i in kept]
    except (ValueError, IndexError) as error:
        raise NotCuttable(
            f"the dispersion functions of HDU {hdu.index} cannot be shifted ({error})"
        ) from error
    head = text[: match.start()] if (match := _SPEC.search(text)) else "wtype=multispec "
    new = head + " ".join(f'spec{i + 1} = "{spec}"' for i, spec in enumerate(moved))
    cards.remove_matching(r"WAT2_\d{3}")
    for number, start in enumerate(range(0, len(new), 68), start=1):
        cards.set(f"WAT2_{number:03d}", new[start : start + 68])
    places = {int(old) + 1: new + 1 for new, old in enumerate(kept)}

    def renumbered(keyword: str) -> str | None:
        named = re.fullmatch(r"(APNUM|APID)(\d+)", keyword)
        if named is None:
            return keyword
        place = places.get(int(named[2]))
        return None if place is None else f"{named[1]}{place}"

    cards.rename(renumbered)


def _moved(words: list[str], pixels: int, length: int) -> str:
    """A dispersion function `ap beam dtype w1 dw nw z aplow aphigh [functions]`, shifted."""
    kind, start, step = int(words[2]), float(words[3]), float(words[4])
    count = max(0, min(int(float(words[5])) - pixels, length))
    if kind in (0, 1):
        words[3] = repr(start + step * pixels)
    else:
        words[9:] = _moved_functions(words[9:], pixels, length)
    words[5] = str(count)
    return " ".join(words)


def _moved_functions(words: list[str], pixels: int, length: int) -> list[str]:
    """The weighted functions of pixel numbers: their ranges move, their coefficients stay."""
    moved: list[str] = []
    i = 0
    while i < len(words):
        kind = int(words[i + 2])
        head, i = words[i : i + 3], i + 3
        if kind in (1, 2, 3, 4):
            order = int(words[i])
            terms = order + {1: 0, 2: 0, 3: 3, 4: 1}[kind]
            low, high = (repr(float(word) - pixels) for word in words[i + 1 : i + 3])
            moved += [*head, words[i], low, high, *words[i + 3 : i + 3 + terms]]
            i += 3 + terms
        elif kind == 5:
            size = int(words[i])
            values = words[i + 1 : i + 1 + size][pixels : pixels + length]
            moved += [*head, str(len(values)), *values]
            i += 1 + size
        else:
            raise ValueError("a sampled dispersion function")
    return moved
