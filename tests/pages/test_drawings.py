"""The sky map, the coverage chart and the numbers of the home page."""

from math import asin, hypot, pi, sqrt

import pytest

from service.html import numbers, sky_map
from service.pages.coverage import coverage
from service.pages.holdings import CollectionSummary, SkyCell, direction


def test_the_map_is_an_ellipse_with_east_to_the_left() -> None:
    assert sky_map.mollweide(0, 0) == pytest.approx((480, 250))
    assert sky_map.mollweide(0, 90)[1] == pytest.approx(250 - 231.9, abs=0.2)
    assert sky_map.mollweide(90, 0)[0] < 480 < sky_map.mollweide(270, 0)[0]
    for ra in range(0, 360, 15):
        for dec in range(-90, 91, 10):
            x, y = sky_map.mollweide(ra, dec)
            assert hypot((x - 480) / 463.9, (y - 250) / 231.9) <= 1.001


def test_the_map_keeps_areas() -> None:
    # Mollweide's promise: the belt between 30 degrees north and south holds half of the sky.
    y = sky_map.mollweide(0, 30)[1]
    height = (250 - y) / 231.9
    share = 2 * (asin(height) + height * sqrt(1 - height**2)) / pi
    assert share == pytest.approx(0.5, abs=1e-3)


def test_the_plane_of_the_galaxy_passes_its_centre() -> None:
    x, y = sky_map.mollweide(266.405, -28.936)
    path = sky_map.galactic_plane().replace("M", "L").split("L")[1:]
    nearest = min(hypot(float(p.split()[0]) - x, float(p.split()[1]) - y) for p in path)
    assert nearest < 8


def test_dots_grow_with_their_number() -> None:
    cells = (SkyCell(1, 0, 0, "image", 1), SkyCell(0, 0, 1, "image", 1000))
    one, many = sky_map.dots(cell.place() for cell in cells)
    assert one.radius < many.radius < 12
    assert (one.x, one.y) == (480, 250)
    assert "1 dataset (image) near RA 0.0°, Dec +0.0°" in one.title


def test_strokes_grow_with_their_number_and_share_a_path() -> None:
    places = [sky_map.Place(0, 0, 1000), sky_map.Place(0, 90, 1), sky_map.Place(90, 0, 1)]
    many, one = sky_map.strokes(places)
    assert many.width > one.width
    assert many.data == "M480.0 250.0h0"
    assert one.data.count("M") == 2
    assert sky_map.strokes([]) == []


def test_direction_of_a_mean_vector() -> None:
    assert direction(2.0, 0.0, 0.0) == (0.0, 0.0)
    assert direction(0.0, -0.5, 0.0)[0] == pytest.approx(270)


def summary(name: str, em_min: float | None, em_max: float | None) -> CollectionSummary:
    """A collection of which only the wavelengths matter."""
    return CollectionSummary(name, name, "", (), 1, 1, None, None, em_min, em_max)


def test_coverage_places_bars_in_order() -> None:
    chart = coverage((summary("optical", 4e-7, 8e-7), summary("radio", 0.2, 0.22)))
    assert chart is not None
    optical, radio = chart.bars["optical"], chart.bars["radio"]
    assert optical.start + optical.length < radio.start
    assert radio.start + radio.length < 100
    assert [band.label for band in chart.bands] == ["UV", "visible", "infrared", "radio"]
    assert sum(band.length for band in chart.bands) == pytest.approx(100, abs=0.1)


def test_coverage_of_what_states_no_wavelength() -> None:
    assert coverage((summary("table", None, None),)) is None
    chart = coverage((summary("table", None, None), summary("optical", 4e-7, 8e-7)))
    assert chart is not None
    assert set(chart.bars) == {"optical"}


@pytest.mark.parametrize(
    ("metres", "text"),
    [(1e-11, "10 pm"), (6.563e-7, "656 nm"), (2.2e-6, "2.2 µm"), (3e-3, "3 mm"), (0.21, "210 mm")],
)
def test_wavelengths(metres: float, text: str) -> None:
    assert numbers.wavelength(metres) == text


def test_sizes_and_dates() -> None:
    assert numbers.size(999) == "999 bytes"
    assert numbers.size(55_700_000) == "55.7 MB"
    assert numbers.size(3 * 10**15) == "3.0 PB"
    assert numbers.date(51544.0) == "2000-01-01"
    assert numbers.dates(None, None) == "unknown"
    assert numbers.dates(51544.1, 51544.9) == "2000-01-01"
