"""Which rectangle of pixels a region is, also where the map is torn: by counting pixels."""

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits

from service.cutouts.enclosing import window_of
from service.cutouts.shapes import shape_of
from service.cutouts.wanted import Circle, PixelBox, Polygon, Range, Region
from service.ingest.celestial import Celestial, unit_vectors
from service.ingest.header import Header
from tests.conftest import CI

INF = np.inf
MAPS = {
    "AIT": (180, 90, 2.0, (0.0, 0.0)),
    "CAR": (180, 90, 2.0, (0.0, 0.0)),
    "MOL": (180, 90, 2.0, (120.0, 0.0)),
    "HPX": (180, 90, 2.0, (0.0, 0.0)),
    "ZEA": (100, 100, 3.0, (40.0, 90.0)),
    "SIN": (90, 80, 1.3, (200.0, -35.0)),
    "TAN": (70, 80, 1e-3, (359.999, 89.98)),
}
REGIONS: list[Region] = [
    Circle(180.0, 10.0, 15.0),  # over the seam
    Circle(30.0, 89.0, 12.0),  # over a pole
    Circle(0.5, -0.5, 100.0),
    Circle(10.0, 20.0, 180.0),  # everything
    Range(0.0, 360.0, -10.0, 12.0),
    Range(350.0, 20.0, 40.0, 50.0),
    Range(-INF, INF, 80.0, INF),
    Range(100.0, 260.0, -INF, -60.0),
    Polygon(((350.0, -20.0), (20.0, -25.0), (15.0, 20.0), (5.0, -10.0), (355.0, 25.0))),
    Polygon(((0.0, 80.0), (120.0, 75.0), (240.0, 82.0))),  # around the pole
]


def sky_of(projection: str, frame: str) -> tuple[Celestial, int, int]:
    width, height, scale, where = MAPS[projection]
    lon, lat = ("RA---", "DEC--") if frame == "ICRS" else ("GLON-", "GLAT-")
    header = fits.Header({"CTYPE1": lon + projection, "CTYPE2": lat + projection})
    header.update({"CRVAL1": where[0], "CRVAL2": where[1], "CDELT1": -scale, "CDELT2": scale})
    header.update({"CRPIX1": (width + 1) / 2, "CRPIX2": (height + 1) / 2, "RADESYS": "ICRS"})
    cards = Header(header.tostring().encode())
    return Celestial(cards, cards), width, height


def inside(region: Region, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """By astropy and by hand, not by the shapes that are tested."""
    if isinstance(region, Circle):
        centre = SkyCoord(region.ra, region.dec, unit="deg")
        return SkyCoord(ra, dec, unit="deg").separation(centre).deg <= region.radius
    if isinstance(region, Range):
        all_around = np.isinf(region.ra_min) or region.ra_max - region.ra_min >= 360
        width = 360.0 if all_around else (region.ra_max - region.ra_min) % 360
        west = 0.0 if all_around else region.ra_min
        return ((ra - west) % 360 <= width) & (dec >= region.dec_min) & (dec <= region.dec_max)
    assert isinstance(region, Polygon)
    return _in_polygon(region, ra, dec)


def _in_polygon(polygon: Polygon, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Crossings of the gnomonic projection about the middle of the corners, where edges are
    straight."""
    corners = unit_vectors(*np.array(polygon.vertices).T)
    middle = corners.sum(axis=0) / np.linalg.norm(corners.sum(axis=0))
    east = np.cross([0.0, 0.0, 1.0] if abs(middle[2]) < 0.9 else [1.0, 0.0, 0.0], middle)
    north = np.cross(middle, east)
    vectors = unit_vectors(ra, dec)
    depth = vectors @ middle
    front = depth > 1e-3
    x, y = vectors @ east / np.where(front, depth, 1), vectors @ north / np.where(front, depth, 1)
    cx, cy = corners @ east / (corners @ middle), corners @ north / (corners @ middle)
    odd = np.zeros(len(ra), bool)
    for x0, y0, x1, y1 in zip(cx, cy, np.roll(cx, -1), np.roll(cy, -1), strict=True):
        across = (y0 > y) != (y1 > y)
        with np.errstate(all="ignore"):
            odd ^= across & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return odd & front


@pytest.mark.parametrize("projection", MAPS)
@pytest.mark.parametrize("frame", ["ICRS", "GALACTIC"] if CI else ["GALACTIC"])
def test_window_holds_the_region_and_ends_with_it(projection: str, frame: str) -> None:
    sky, width, height = sky_of(projection, frame)
    # each pixel at nine places, so that what a region only touches is seen as well; at the limb a
    # pixel spans degrees, and they do not show all of it
    spare = 8 if projection == "SIN" else 2
    steps = np.array([-0.49, 0.0, 0.49])
    across, up = (np.add.outer(np.arange(n), steps).ravel() for n in (width, height))
    xs, ys = np.meshgrid(across, up)
    ra, dec = sky.icrs(xs.ravel() + 1, ys.ravel() + 1)
    on = np.isfinite(ra)
    middles = on.reshape(height, 3, width, 3)[:, 1, :, 1]
    on &= np.repeat(np.repeat(middles, 3, axis=0), 3, axis=1).ravel()
    columns, rows = np.round(xs.ravel()).astype(int), np.round(ys.ravel()).astype(int)
    for region in [*REGIONS, Circle(0.0, 89.985, 0.02)] if projection == "TAN" else REGIONS:
        window = window_of(sky, region, width, height)
        within = on & inside(region, np.nan_to_num(ra), np.nan_to_num(dec))
        if window is None:
            assert not within.any()
            continue
        if not within.any():  # it lies between the places that were looked at
            continue
        for (first, stop), along in ((window.x, columns[within]), (window.y, rows[within])):
            assert along.min() - spare <= first <= along.min()
            assert along.max() < stop <= along.max() + 1 + spare


def test_region_that_reaches_beyond_is_said_to_be_partial() -> None:
    sky, width, height = sky_of("SIN", "ICRS")
    cases = {(200.0, -35.0, 2.0): True, (200.0, -35.0, 80.0): False, (200.0, -80.0, 30.0): False}
    for circle, whole in cases.items():
        window = window_of(sky, Circle(*circle), width, height)
        assert window is not None
        assert window.whole is whole
    everything, w, h = sky_of("AIT", "ICRS")
    window = window_of(everything, Circle(179.0, 0.0, 10.0), w, h)
    assert window is not None
    assert window.whole


def test_boxes_of_pixels() -> None:
    sky, width, height = sky_of("TAN", "ICRS")
    ra, dec = (float(v[0]) for v in sky.icrs(np.array([31.2]), np.array([44.4])))  # pixel 30, 43
    for size, start in ((1, 0), (2, 1), (3, 1), (28, 14)):
        window = window_of(sky, PixelBox(ra, dec, size, size), width, height)
        assert window is not None
        assert window.x == (30 - start, 30 - start + size)
        assert window.y == (43 - start, 43 - start + size)
    wide = window_of(sky, PixelBox(ra, dec, 101, 3), width, height)
    assert wide is not None
    assert (wide.x, wide.whole) == ((0, width), False)
    assert window_of(sky, PixelBox(10.0, -80.0, 5, 5), width, height) is None


@pytest.mark.parametrize("region", REGIONS)
def test_depth_is_a_bound_of_the_distance(region: Region) -> None:
    """What is deeper inside than the depth is inside; what is nearer outside is outside."""
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(300, 3))
    vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    depth = shape_of(region).depth(vectors)  # type: ignore[arg-type]
    ra = np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0])) % 360
    dec = np.degrees(np.arcsin(vectors[:, 2]))
    assert np.array_equal(depth <= 0, inside(region, ra, dec))
    for turn in rng.uniform(0, 2 * np.pi, 12):
        here = SkyCoord(ra, dec, unit="deg")
        near = here.directional_offset_by(turn * units.rad, 0.99 * np.abs(depth) * units.deg)
        assert np.array_equal(inside(region, near.ra.deg, near.dec.deg), depth <= 0)
