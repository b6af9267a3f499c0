"""Images with celestial coordinates: plain, tile-compressed, of several extensions, masks, weights;
with an axis of polarization too.

What a companion file is (weight map, data quality mask) is told by product type cards, by EXTNAME,
and by the file names of archives that define them: NOIRLab's c4d_141029_043225_oow_..., Terapix's
.weight.fits, HST's _wht and _dq.
"""

import re
from dataclasses import replace

from service.ingest.celestial import has_celestial
from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import FitsFile, Hdu
from service.ingest.footprint import Footprint, footprint, hull, polygon_text
from service.ingest.header import Header
from service.ingest.observation import observation, polarization
from service.ingest.units import observable_ucd, spectral_unit

TAKES = (
    "images with celestial WCS: plain, tile-compressed, SIP, TPV, DSS plates, polarization; masks, "
    "weights"
)
_NOIRLAB = re.compile(r"^[a-z0-9]{3}_\d{6}_\d{6}_[a-z]{2}([a-z])_")
_NOIRLAB_KINDS = {"w": "weight", "d": "mask"}
_SUFFIX = re.compile(
    r"[._-](wht|weight|wt|wtmap|invvar|ivar|dq|dqmask|mask|flag|flags|bpm|err|rms|sigma|var)$", re.I
)
_WORDS = {
    "weight": ("WHT", "WEIGHT", "WT", "WTMAP", "INVVAR", "IVAR"),
    "mask": ("DQ", "DQMASK", "MASK", "FLAG", "FLAGS", "BPM"),
    "error": ("ERR", "RMS", "SIGMA", "VAR", "STAT", "ERROR", "VARIANCE"),
}
_UCDS = {"weight": "stat.weight", "mask": "meta.code.qual", "error": "stat.error"}
_MOSAIC_CARDS = ("DETSEC", "CCDNUM", "CCDCHIP")


def kind_of(word: str) -> str | None:
    """weight, mask or error by an EXTNAME, a PRODTYPE or a part of a file name; None: the sky."""
    return next((kind for kind, words in _WORDS.items() if word.upper() in words), None)


def companion(fits: FitsFile, hdu: Hdu) -> str | None:
    """weight, mask or error, where the image is one; None for an image of the sky."""
    for header in (hdu.header, fits.primary):
        product = (header.text("PRODTYPE", "PRODUCT", "IMTYPE") or "").lower()
        if (kind := kind_of(product)) is not None:
            return kind
    if match := _NOIRLAB.match(fits.name):
        return _NOIRLAB_KINDS.get(match[1])
    stem = re.sub(r"(\.(fits?|fts|fz|gz|bz2))+$", "", fits.name, flags=re.I)
    if match := _SUFFIX.search(stem):
        return kind_of(match[1])
    return kind_of(hdu.name)


def sky_images(fits: FitsFile) -> list[Hdu]:
    """Images of two celestial axes, those of the sky before masks and weights."""
    images = [hdu for hdu in fits.images if len(_long_axes(hdu)) <= 2 and has_celestial(hdu.header)]
    science = [hdu for hdu in images if kind_of(hdu.name) is None]
    return science or images


def _long_axes(hdu: Hdu) -> list[int]:
    """The lengths of axes, that of polarization and those of one pixel behind two others aside."""
    sides = [
        length
        for axis, length in enumerate(hdu.shape, start=1)
        if (hdu.header.text(f"CTYPE{axis}") or "").upper() != "STOKES"
    ]
    return sides[:2] + [length for length in sides[2:] if length > 1]


def recognise(fits: FitsFile) -> str | None:
    """Celestial CTYPEi, or the plate solution of the Digitized Sky Survey."""
    images = sky_images(fits)
    return f"celestial coordinates in HDU {images[0].index}" if images else None


def read(fits: FitsFile) -> DatasetFacts:
    """The first image of the sky; of a mosaic of detectors, the hull of all of them."""
    images = sky_images(fits)
    if not images:
        raise Refusal("no image with celestial coordinates", ("CTYPE1 = 'RA---TAN'", "CRVALi"))
    hdu = images[0]
    header, primary = hdu.header, fits.primary
    try:
        outline = footprint(hdu, primary)
        others = [footprint(other, primary) for other in images[1:] if _mosaic(other)]
    except ValueError as error:
        raise Refusal(
            f"the celestial coordinates of HDU {hdu.index} cannot be used ({error})",
            ("CTYPEi", "CRVALi", "CRPIXi", "CDi_j"),
        ) from None
    states, n_states = polarization(header, hdu.shape)
    # "three or more image axes" are a cube (ObsCore 1.1 §3.3.1)
    facts = observation("cube" if (n_states or 1) > 1 else "image", header, primary)
    kind = companion(fits, hdu)
    unit = header.text("BUNIT") or primary.text("BUNIT")
    em_min, em_max = band(header, primary)
    facts = replace(
        facts,
        dataproduct_subtype=kind,
        em_min=em_min,
        em_max=em_max,
        em_xel=1 if em_min is not None else None,
        em_ucd="em.wl" if em_min is not None else None,
        o_ucd=_UCDS[kind] if kind else observable_ucd(unit),
        o_unit=None if kind else unit,
        pol_states=states,
        pol_xel=n_states,
    )
    return placed(facts, outline, others if _mosaic(hdu) else [])


def placed(
    facts: DatasetFacts, outline: Footprint, others: list[Footprint] | None = None
) -> DatasetFacts:
    """The facts with the position and region of an image."""
    vertices, region, fov = outline.vertices, outline.s_region, outline.fov
    parts = [outline, *(other for other in others or [] if other.vertices)]
    if len(parts) > 1 and outline.vertices:
        vertices, fov = hull(parts)
        region = polygon_text(vertices)
    return replace(
        facts,
        s_ra=outline.ra,
        s_dec=outline.dec,
        s_fov=fov,
        s_region=region,
        vertices=vertices or None,
        s_pixel_scale=outline.pixel_scale,
        s_xel1=outline.xel1,
        s_xel2=outline.xel2,
    )


def _mosaic(hdu: Hdu) -> bool:
    return any(card in hdu.header for card in _MOSAIC_CARDS)


def band(header: Header, primary: Header) -> tuple[float | None, float | None]:
    """em_min and em_max of an image's filter, where cards state them in a known unit.

    A FREQ or LAMBDA axis of one pixel; DECam's FILTER ("r DECam SDSS c0002 6415.0 1480.0": centre
    and width in Angstrom); HST's PHOTPLAM and PHOTBW (rms width, Angstrom).
    """
    for axis in (3, 4):
        ctype = (header.text(f"CTYPE{axis}") or "").upper()
        value, width = header.number(f"CRVAL{axis}"), header.number(f"CDELT{axis}")
        unit = spectral_unit(header.text(f"CUNIT{axis}") or ("Hz" if ctype == "FREQ" else None))
        if ctype.startswith(("FREQ", "WAVE", "LAMBDA")) and value and unit and width is not None:
            ends = [unit.metres(value - abs(width) / 2), unit.metres(value + abs(width) / 2)]
            if ends[0] is not None and ends[1] is not None:
                return min(ends[0], ends[1]), max(ends[0], ends[1])
    for cards in (header, primary):
        if match := re.search(r"DECam .*\s(\d+\.\d+) (\d+\.\d+)$", cards.text("FILTER") or ""):
            return _around(float(match[1]) * 1e-10, float(match[2]) * 1e-10)
        pivot, rms = cards.number("PHOTPLAM"), cards.number("PHOTBW")
        if pivot and rms:
            return _around(pivot * 1e-10, 2.3548 * rms * 1e-10)
    return None, None


def _around(centre: float, width: float) -> tuple[float, float]:
    return centre - width / 2, centre + width / 2
