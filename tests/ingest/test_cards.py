"""Positions, times and units as headers write them; headers and files that are damaged."""

import io
import math
import random
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import FK4, FK5, Galactic, SkyCoord
from astropy.io import fits
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from bench.ingest import generate
from service.ingest.facts import Refusal
from service.ingest.fits import Bytes, open_fits
from service.ingest.header import Header
from service.ingest.readers import read_facts
from service.ingest.region import box, cells
from service.ingest.sky import circle_vertices, position, separation, to_icrs, unit_vector
from service.ingest.times import end, exposure, mjd_of_date, start
from service.ingest.units import observable_ucd, spectral_unit

angles = st.floats(0, 359.999)
latitudes = st.floats(-89.9, 89.9)


def header(**cards: object) -> Header:
    built = fits.Header()
    for card, value in cards.items():
        built[card.replace("__", "-")] = value
    return Header(built.tostring().encode())


@pytest.mark.parametrize(
    ("cards", "ra", "dec"),
    [
        ({"RA": 10.5, "DEC": -20.25}, 10.5, -20.25),
        ({"RA": "00:42:00.0", "DEC": "-20:15:00"}, 10.5, -20.25),
        ({"RA": "  0 42 00.0", "DEC": "-20 15 00"}, 10.5, -20.25),
        ({"RA": "+00:42:00.0", "DEC": "-00:15:00"}, 10.5, -0.25),
        ({"RA": (0.7, "[h] right ascension"), "DEC": -20.25}, 10.5, -20.25),
        ({"TELESCOP": "HET", "RA": 0.7, "DEC": -20.25}, 10.5, -20.25),
        ({"RA": 1.0, "DEC": 2.0, "PLUG_RA": 10.5, "PLUG_DEC": -20.25}, 10.5, -20.25),
        ({"RA": 1.0, "DEC": 2.0, "RA_TARG": 10.5, "DEC_TARG": -20.25}, 10.5, -20.25),
    ],
)
def test_positions(cards: dict[str, object], ra: float, dec: float) -> None:
    assert position(header(**cards)) == pytest.approx((ra, dec), abs=1e-9)


@pytest.mark.parametrize(
    "cards", [{"RA": 400.0, "DEC": 0.0}, {"RA": "unknown", "DEC": "?"}, {"RA": 1.0}, {}]
)
def test_no_position(cards: dict[str, object]) -> None:
    assert position(header(**cards)) is None


@given(ra=angles, dec=latitudes)
def test_frames_as_astropy_has_them(ra: float, dec: float) -> None:
    for name, equinox, frame in (
        ("FK5", 2000.0, FK5()),
        ("FK5", 2015.5, FK5(equinox="J2015.5")),
        ("FK4", 1950.0, FK4(equinox="B1950")),
        ("GALACTIC", 2000.0, Galactic()),
    ):
        expected = SkyCoord(ra * u.deg, dec * u.deg, frame=frame).icrs
        lon, lat = to_icrs(np.array([ra]), np.array([dec]), name, equinox)
        assert separation(lon[0], lat[0], expected.ra.deg, expected.dec.deg) < 1e-8


@given(ra=angles, dec=latitudes, radius=st.floats(1e-5, 20))
def test_circles(ra: float, dec: float, radius: float) -> None:
    vertices = np.reshape(circle_vertices(ra, dec, radius), (-1, 2))
    for vertex in vertices:
        assert separation(ra, dec, *vertex) == pytest.approx(radius, rel=0.03)
    _, high = _box(f"CIRCLE ICRS {ra:.12f} {dec:.12f} {radius:.12f}")
    assert np.linalg.norm(high - unit_vector(ra, dec)) < 3 * math.radians(radius) + 1e-11


def _box(s_region: str) -> tuple[np.ndarray, np.ndarray]:
    text = box(s_region)
    assert text is not None
    low, high = (np.array(part.split(","), dtype=float) for part in text[1:-1].split("), ("))
    return low, high


@given(ra=angles, dec=latitudes, radius=st.floats(0, 180), turn=angles, part=st.floats(0, 1))
def test_a_box_holds_every_point_of_its_region(
    ra: float, dec: float, radius: float, turn: float, part: float
) -> None:
    center = SkyCoord(ra * u.deg, dec * u.deg)
    inside = center.directional_offset_by(turn * u.deg, radius * part * u.deg)
    low, high = _box(
        f"Union ICRS (Polygon 10 10 20 10 15 15 Circle {ra:.12f} {dec:.12f} {radius:.12f})"
    )
    for point in ((15.0, 12.0), (10.0, 10.0), (inside.ra.deg, inside.dec.deg)):
        assert np.all(low <= unit_vector(*point))
        assert np.all(unit_vector(*point) <= high)


def test_a_text_that_is_no_region_has_no_box() -> None:
    assert box(None) is None
    assert box("ELLIPSE ICRS 1 2 3 4 5") is None


def test_cells_of_unknown_positions_are_unknown() -> None:
    (hpx, hcell), nothing = cells([(10.0, 20.0), (None, None)])
    assert hpx is not None
    assert hcell == hpx >> 52
    assert nothing == (None, None)


@pytest.mark.parametrize(
    ("cards", "iso"),
    [
        ({"DATE-OBS": "2010-09-18T23:42:36.178"}, "2010-09-18T23:42:36.178"),
        ({"DATE-OBS": "2010-09-18"}, "2010-09-18T00:00:00"),
        ({"DATE-OBS": "2003-07-07", "TIME-OBS": "18:54:28"}, "2003-07-07T18:54:28"),
        ({"DATE-OBS": "2004-08-24", "UTC": 18925.65}, "2004-08-24T05:15:25.65"),
        ({"DATE-OBS": "28/09/98"}, "1998-09-28T00:00:00"),
        ({"DATE-OBS": "19930417"}, "1993-04-17T00:00:00"),
        ({"DATE-OBS": "1951-08-09T09:60:00"}, "1951-08-09T10:00:00"),
        (
            {"MJD-OBS": 3129584.6, "DATE-OBS": "2008-06-04", "UT": "13:19:34.21"},
            "2008-06-04T13:19:34.21",
        ),
        ({"MJD-OBS": "57275.5"}, "2015-09-10T12:00:00"),
    ],
)
def test_starts(cards: dict[str, object], iso: str) -> None:
    assert start(header(**cards)) == pytest.approx(Time(iso).mjd, abs=1e-9)


def test_other_times() -> None:
    assert mjd_of_date("2010-13-01") is None
    assert mjd_of_date("yesterday") is None
    assert start(header(**{"DATE-OBS": "none", "MJD-OBS": 0.0})) is None
    tai = header(**{"TAI-BEG": 4823808510.0, "TAI-END": 4823812356.83})
    assert start(tai) == pytest.approx(Time("2011-09-27T02:47:56").mjd, abs=1e-6)
    assert end(tai) == pytest.approx(Time("2011-09-27T03:52:02.83").mjd, abs=1e-6)
    overnight = header(**{"DATE-OBS": "2012-07-12", "UT-TIME": "23:33:49", "UT-END": "00:23:49"})
    assert end(overnight) == pytest.approx(Time("2012-07-13T00:23:49").mjd)
    assert exposure(header(EXPOSURE=(65.0, "Observation: Exposure Minutes"))) == 3900
    assert exposure(header(EXPTIME="53.907456")) == pytest.approx(53.907456)
    assert exposure(header(EXPTIME=-1.0)) is None


@pytest.mark.parametrize(
    ("text", "value", "metres"),
    [
        ("Angstrom", 5000.0, 5e-7),
        ("ANGSTROMS", 5000.0, 5e-7),
        ("[Angstrom]", 5000.0, 5e-7),
        ("Å", 5000.0, 5e-7),
        ("nm", 500.0, 5e-7),
        ("um", 0.5, 5e-7),
        ("microns", 0.5, 5e-7),
        ("log10(Angstrom)", 3.7, 10**3.7 * 1e-10),
        ("MHz", 1420.405752, 0.2110611405),
        ("keV", 1.0, 1.2398419843e-9),
        ("cm-1", 20000.0, 5e-7),
    ],
)
def test_spectral_units(text: str, value: float, metres: float) -> None:
    unit = spectral_unit(text)
    assert unit is not None
    assert unit.metres(value) == pytest.approx(metres)


@pytest.mark.parametrize("text", ["", "pixel", "km/s", "s", "furlong", None])
def test_no_spectral_unit(text: str | None) -> None:
    assert spectral_unit(text) is None


@pytest.mark.parametrize(
    ("unit", "ucd"),
    [
        ("adu", "phot.count"),
        ("ELECTRONS/S", "phot.count"),
        ("Jy", "phot.flux.density;em.freq"),
        ("JY/BEAM", "phot.flux.density.sb"),
        ("MJy/sr", "phot.flux.density.sb"),
        ("10**(-16)erg.cm**(-2).s**(-1).angstrom**(-1)", "phot.flux.density;em.wl"),
        ("Relative Flux", None),
        (None, None),
    ],
)
def test_what_a_unit_measures(unit: str | None, ucd: str | None) -> None:
    assert observable_ucd(unit) == ucd


def test_cards_of_every_kind() -> None:
    built = fits.Header()
    built["TEXT"] = ("it's / not a comment", "a comment")
    built["LONG"] = "x" * 200
    built["HIERARCH ESO OBS PROG ID"] = "072.C-0488(E)"
    built["NUMBER"] = (-1.5e-7, "[m] unit")
    built["FLAG"] = True
    built["EMPTY"] = None
    built["TWICE"] = 1
    built.append(("TWICE", 2))
    parsed = Header(built.tostring().encode(), {"NUMBER": 3})
    assert parsed.text("TEXT") == "it's / not a comment"
    assert parsed.comment("TEXT") == "a comment"
    assert parsed.text("LONG") == "x" * 200
    assert parsed.text("ESO OBS PROG ID") == "072.C-0488(E)"
    assert (parsed.number("NUMBER"), parsed.flag("FLAG")) == (3, True)
    assert parsed.get("EMPTY") is None
    assert parsed.get("TWICE") == 2
    assert parsed.get("NOWHERE") is None


def test_damaged_files_are_refused_or_read_and_never_crash(tmp_path: Path) -> None:
    """Bytes of headers overwritten at random places, 150 times."""
    generate(tmp_path, 3)
    chance = random.Random(7)
    files = [path.read_bytes() for path in sorted(tmp_path.rglob("*.fits"))]
    refused = 0
    for i in range(150):
        data = bytearray(files[i % 3])
        for _ in range(chance.randint(1, 30)):
            data[chance.randrange(min(len(data), 8640))] = chance.choice(b"0123456789 ='-ABE/T")
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        try:
            read_facts(open_fits("x.fits", Bytes(bytes(data))))
        except Refusal:
            refused += 1
    assert 0 < refused < 150


def test_variable_length_columns() -> None:
    """Arrays in the heap (P descriptors), the first row of them."""
    wave = np.array([np.linspace(400.0, 500.0, 7), np.linspace(1.0, 2.0, 3)], dtype=object)
    columns = [
        fits.Column("WAVE", "PD()", unit="nm", array=wave),
        fits.Column("FLUX", "PD()", unit="Jy", array=wave),
    ]
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]).writeto(buffer)
    _, facts = read_facts(open_fits("x.fits", Bytes(buffer.getvalue())))
    assert (facts.em_min, facts.em_max, facts.em_xel) == pytest.approx((4e-7, 5e-7, 7))
