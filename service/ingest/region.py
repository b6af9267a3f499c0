"""What the sky index keeps of a dataset: HEALPix cells of positions, boxes around regions."""

from collections.abc import Sequence

import numpy as np
from astropy import units as u
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix

from adql.sky import shapes, stcs

_ORDER = 29


def cells(
    positions: Sequence[tuple[float | None, float | None]],
) -> list[tuple[int | None, int | None]]:
    """hpx (nested, order 29) and hcell (hpx >> 52) of positions in degrees; None for unknown."""
    known = [(i, ra, dec) for i, (ra, dec) in enumerate(positions) if None not in (ra, dec)]
    found: list[tuple[int | None, int | None]] = [(None, None)] * len(positions)
    if known:
        lon = Longitude([ra for _, ra, _ in known], u.deg)
        lat = Latitude([dec for _, _, dec in known], u.deg)
        pixels = lonlat_to_healpix(lon, lat, np.uint8(_ORDER)).tolist()
        for (i, _, _), hpx in zip(known, pixels, strict=True):
            found[i] = (hpx, hpx >> 52)
    return found


def box(s_region: str | None) -> str | None:
    """PostgreSQL `cube` text: bounds in x, y, z of the caps that hold the shapes of a region.

    None without a region that can be read.
    """
    try:
        region = None if s_region is None else stcs.parse(s_region)
    except ValueError:
        return None
    if region is None:
        return None
    bounds = [shapes.cap_bounds(shapes.cap(part)) for part in shapes.parts(region)]
    low = np.min([b[0] for b in bounds], axis=0).tolist()
    high = np.max([b[1] for b in bounds], axis=0).tolist()
    return f"({low[0]!r}, {low[1]!r}, {low[2]!r}), ({high[0]!r}, {high[1]!r}, {high[2]!r})"
