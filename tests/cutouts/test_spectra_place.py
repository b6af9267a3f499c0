"""Which regions a spectrum lies in."""

import math
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from service.cutouts.errors import NoOverlap, NotCuttable
from service.cutouts.spectra_place import lies_in
from service.cutouts.wanted import Circle, PixelBox, Polygon, Range, Wanted
from tests.cutouts.spectra import cut
from tests.spectra import real

INF = math.inf
NAME = "sdss/spec-0411-51817-0119.fits"


@given(
    ra=st.floats(0, 360),
    dec=st.floats(-90, 90),
    turn=st.floats(0, 360),
    distance=st.floats(0.01, 170),
    radius=st.floats(0, 5),
)
def test_circles(ra: float, dec: float, turn: float, distance: float, radius: float) -> None:
    from astropy import units as u

    other = SkyCoord(ra, dec, unit="deg").directional_offset_by(turn * u.deg, distance * u.deg)
    circle = Circle(other.ra.deg, other.dec.deg, distance * 0.999 - radius)
    assert not lies_in(circle, ra, dec, radius)
    assert lies_in(Circle(circle.ra, circle.dec, distance * 1.001), ra, dec, radius)


@given(ra=st.floats(0, 359.9), dec=st.floats(-80, 80), reverse=st.booleans())
def test_polygons_in_either_direction(ra: float, dec: float, reverse: bool) -> None:
    corners = [(ra + 1, dec - 1), (ra + 1, dec + 1), (ra - 1, dec + 1), (ra - 1, dec - 1)]
    polygon = Polygon(tuple((lon % 360, lat) for lon, lat in corners[:: -1 if reverse else 1]))
    assert lies_in(polygon, ra, dec, 0.0)
    assert not lies_in(polygon, (ra + 1.5) % 360, dec, 0.0)
    assert not lies_in(polygon, (ra + 180) % 360, -dec, 0.0)
    width = math.cos(math.radians(dec))
    assert lies_in(polygon, (ra + 1.5) % 360, dec, 0.51 * width)
    assert not lies_in(polygon, (ra + 1.5) % 360, dec, 0.45 * width)


def test_concave_polygons() -> None:
    arrow = Polygon(((0.0, 0.0), (10.0, 5.0), (0.0, 10.0), (5.0, 5.0)))
    assert lies_in(arrow, 7.0, 5.0, 0.0)
    assert not lies_in(arrow, 3.0, 5.0, 0.0)
    assert lies_in(arrow, 3.0, 5.0, 2.1)


@pytest.mark.parametrize(
    ("region", "place", "inside"),
    [
        (Range(10, 20, -5, 5), (15, 0), True),
        (Range(10, 20, -5, 5), (21, 0), False),
        (Range(350, 10, -5, 5), (5, 0), True),
        (Range(350, 10, -5, 5), (355, 0), True),
        (Range(350, 10, -5, 5), (180, 0), False),
        (Range(0, 360, -5, 5), (180, 0), True),
        (Range(-INF, INF, 89, INF), (180, 89.5), True),
        (Range(-INF, INF, 89, INF), (180, 88.5), False),
        (Range(10, INF, -INF, INF), (300, 0), True),
        (Range(-INF, 10, -INF, INF), (300, 0), False),
        (Range(10, 20, -90, 90), (10, 90), True),
    ],
)
def test_ranges(region: Range, place: tuple[float, float], inside: bool) -> None:
    assert lies_in(region, *place, 0.0) is inside


def test_the_aperture_reaches_into_a_range() -> None:
    assert lies_in(Range(10, 20, -5, 5), 20.4, 0.0, 0.5)
    assert not lies_in(Range(10, 20, -5, 5), 20.6, 0.0, 0.5)
    assert lies_in(Range(10, 20, -5, 5), 15, 5.4, 0.5)
    assert lies_in(Range(350, 360, 50, 60), 0.7, 55, 0.5)


def test_spectra_outside_are_not_cut() -> None:
    """By place, time and polarisation; what meets them is the same as without them."""
    path, reader = Path(real.FOLDER / NAME), real.facts(NAME)[0]
    band = (5e-7, 5.2e-7)
    known = {"time": (51817.0, 51817.1), "pol": ("I",)}
    plain = cut(path, Wanted(band=band), reader=reader)
    inside = Wanted(Circle(10.0, 20.0, 0.01), band, (51817.05, INF), ("I", "Q"))
    assert cut(path, inside, reader=reader, **known).content == plain.content
    for wanted in (
        Wanted(Circle(11.0, 20.0, 0.01), band),
        Wanted(None, band, (51818.0, 51819.0)),
        Wanted(None, band, pol=("V",)),
    ):
        with pytest.raises(NoOverlap, match=Path(NAME).name):
            cut(path, wanted, reader=reader, **known)
    with pytest.raises(NotCuttable, match="ask for a circle"):
        cut(path, Wanted(PixelBox(10.0, 20.0, 28, 28), band), reader=reader)
    whole = cut(path, Wanted(Circle(10.0, 20.0, 0.01)), reader=reader)
    assert np.array_equal(whole.content, path.read_bytes())
