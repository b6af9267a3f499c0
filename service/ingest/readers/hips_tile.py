"""Tiles of a HiPS (IVOA HiPS 1.0 §4.1): the HEALPix cell is in the path, the frame in `properties`.

A tile without WCS whose HiPS has no `properties` file is taken without a position: its frame is
unknown.
"""

import re
from dataclasses import replace
from functools import lru_cache

import numpy as np
from cdshealpix import nested

from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import FitsFile
from service.ingest.footprint import Footprint, polygon_text
from service.ingest.observation import observation
from service.ingest.readers.wcs_image import placed
from service.ingest.sky import separation, to_icrs
from service.ingest.units import observable_ucd
from service.storage.store import store_of

TAKES = "HiPS tiles without WCS (Norder3/Dir0/Npix449.fits), placed by their number"
_PATH = re.compile(r"^(.*?)/?Norder(\d+)/Dir\d+/Npix(\d+)\.fits$")
_FRAMES = {"equatorial": "ICRS", "icrs": "ICRS", "galactic": "GALACTIC"}
_LAST_ORDER = 29


def recognise(fits: FitsFile) -> str | None:
    """The path of a tile, and an image in it."""
    match = _PATH.match(f"{fits.root}/{fits.path}")
    if match is None or not fits.hdus[0].is_image:
        return None
    return f"HiPS tile {match[3]} of order {match[2]}"


def read(fits: FitsFile) -> DatasetFacts:
    """The outline of the HEALPix cell, where the frame is known."""
    match = _PATH.match(f"{fits.root}/{fits.path}")
    if match is None:
        raise Refusal("the path is not that of a HiPS tile, Norder<k>/Dir<d>/Npix<n>.fits")
    order, number = int(match[2]), int(match[3])
    if order > _LAST_ORDER or number >= 12 * 4**order:
        raise Refusal(f"there is no HEALPix cell {number} of order {order}")
    header = fits.primary
    properties = _properties(match[1] or "/")
    facts = observation("image", header)
    unit = header.text("BUNIT")
    facts = replace(
        facts,
        obs_title=properties.get("obs_title"),
        bib_reference=properties.get("bib_reference"),
        o_ucd=observable_ucd(unit),
        o_unit=unit,
    )
    frame = _FRAMES.get(properties.get("hips_frame", "").lower())
    width, height = (*fits.hdus[0].shape, 1)[:2]
    if frame is None:
        return replace(facts, s_xel1=width, s_xel2=height)
    return placed(facts, _outline(order, number, frame, width, height))


@lru_cache(maxsize=64)
def _properties(root: str) -> dict[str, str]:
    """The `key = value` lines of the properties file of a HiPS; {} without one."""
    text = (store_of(root).whole("properties") or b"").decode("utf-8", "replace")
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {key.strip(): value.strip() for key, mark, value in pairs if mark}


def _outline(order: int, number: int, frame: str, width: int, height: int) -> Footprint:
    cell, depth = np.array([number], dtype=np.uint64), np.array([order], dtype=np.uint8)
    lon, lat = nested.vertices(cell, depth, step=4)
    lon0, lat0 = nested.healpix_to_lonlat(cell, depth)
    ra, dec = to_icrs(lon.deg.ravel(), lat.deg.ravel(), frame)
    centre = to_icrs(lon0.deg, lat0.deg, frame)
    here = (float(centre[0][0]), float(centre[1][0]))
    reach = max(separation(*here, float(a), float(d)) for a, d in zip(ra, dec, strict=True))
    vertices = tuple(float(v) for v in np.stack([ra, dec], axis=-1).ravel())
    scale = 3600 * float(np.degrees(np.sqrt(np.pi / 3) / 2**order)) / width
    return Footprint(*here, 2 * reach, scale, vertices, polygon_text(vertices), width, height)
