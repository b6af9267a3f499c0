"""What the sky index keeps of a dataset: HEALPix cells of positions, boxes around regions."""

import math
from collections.abc import Sequence

import numpy as np
from astropy import units as u
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix

from service.ingest.sky import separation, unit_vector

_ORDER = 29
_MARGIN_DEG = 1e-9
_ROUNDING = 1e-15
WHOLE_SKY = "(-1, -1, -1), (1, 1, 1)"


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


def box(vertices: Sequence[float] | None, s_region: str | None) -> str | None:
    """PostgreSQL `cube` text: bounds in x, y, z of the cap that holds the region.

    The cap's centre is the mean direction of the vertices. None without a region.
    """
    if not vertices:
        return WHOLE_SKY if s_region is not None and s_region.endswith(" 180") else None
    points = list(zip(vertices[::2], vertices[1::2], strict=True))
    x, y, z = (sum(parts) for parts in zip(*(unit_vector(*p) for p in points), strict=True))
    ra, dec = math.degrees(math.atan2(y, x)), math.degrees(math.atan2(z, math.hypot(x, y)))
    radius = math.radians(max(separation(ra, dec, *p) for p in points) + _MARGIN_DEG)
    low, high = [], []
    centre = unit_vector(ra, dec)
    for axis, component in enumerate(centre):
        angle = math.atan2(math.hypot(*centre[:axis], *centre[axis + 1 :]), component)
        low.append(math.cos(min(math.pi, angle + radius)) - _ROUNDING)
        high.append(math.cos(max(0.0, angle - radius)) + _ROUNDING)
    return f"({low[0]!r}, {low[1]!r}, {low[2]!r}), ({high[0]!r}, {high[1]!r}, {high[2]!r})"
