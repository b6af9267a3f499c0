"""The values of SSAP's parameters: range lists, dates, places, bands, formats, words."""

import math
from datetime import datetime

import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from service.errors import UsageError
from service.parameters import parameters_of
from service.ssap.formats import FITS, VOTABLE
from service.ssap.request import SsapRequest, ssap_request

_INF = math.inf


def asked(**parameters: str) -> SsapRequest:
    """The request with these parameters."""
    pairs = [("request", "QueryData"), *parameters.items()]
    return ssap_request(parameters_of(pairs), default_maxrec=None)


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("5E-7", [(5e-7, 5e-7)]),
        ("5e-7/8E-7", [(5e-7, 8e-7)]),
        ("8E-7/5E-7", [(5e-7, 8e-7)]),
        ("/5E-7", [(-_INF, 5e-7)]),
        ("5E-7/", [(5e-7, _INF)]),
        ("/", [(-_INF, _INF)]),
        ("5E-7,6E-7/7E-7", [(5e-7, 5e-7), (6e-7, 7e-7)]),
        ("1E-6/INF", [(1e-6, _INF)]),
        (".5E-6/+1e-6", [(5e-7, 1e-6)]),
        ("V", [(5.07e-7, 5.95e-7)]),
        ("optical,J", [(3e-7, 1e-6), (1.156e-6, 1.31e-6)]),
    ],
)
def test_bands(text: str, ranges: list[tuple[float, float]]) -> None:
    band = asked(BAND=text).constraints.band
    assert band is not None
    assert band.rest == "observer"
    found = [end for each in band.ranges for end in (each.low, each.high)]
    assert found == pytest.approx([end for ends in ranges for end in ends])


def test_a_band_names_its_rest_frame() -> None:
    for text, rest in (("1E-7/3E-6;source", "source"), ("1E-7;Observer", "observer")):
        band = asked(BAND=text).constraints.band
        assert band is not None
        assert band.rest == rest


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2001", "2001-01-01T00:00:00", "2001-12-31T23:59:59"),
        ("2000-02", "2000-02-01T00:00:00", "2000-02-29T23:59:59"),
        ("1998-05-21", "1998-05-21T00:00:00", "1998-05-21T23:59:59"),
        ("1998-05-21T12:30", "1998-05-21T12:30:00", "1998-05-21T12:30:59"),
        ("1998-05-21T12:30:15.5Z", "1998-05-21T12:30:15.5", "1998-05-21T12:30:15.5"),
        ("1998-05-21/1999", "1998-05-21T00:00:00", "1999-12-31T23:59:59"),
        ("1999/1998-05-21", "1998-05-21T00:00:00", "1999-12-31T23:59:59"),
    ],
)
def test_times_are_all_of_what_they_name(text: str, first: str, last: str) -> None:
    (found,) = asked(TIME=text).constraints.times
    assert found.low == pytest.approx(Time(first, scale="utc").mjd, abs=1e-7)
    assert found.high == pytest.approx(Time(last, scale="utc").mjd, abs=1.1 / 86400)
    assert found.high < Time(last, scale="utc").mjd + 1.05 / 86400


@given(st.datetimes(datetime(1973, 1, 1), datetime(2024, 1, 1)))
def test_any_date_is_where_astropy_has_it(moment: datetime) -> None:
    """But for days with a leap second, which SSAP's days of 86,400 s have not."""
    (found,) = asked(TIME=moment.isoformat()).constraints.times
    assert found.low == pytest.approx(Time(moment, scale="utc").mjd, abs=2e-5)


@pytest.mark.parametrize("frame", ["ICRS", "FK5", "GALACTIC", "galactic_ii", "ECLIPTIC"])
def test_places_of_any_frame(frame: str) -> None:
    circle = asked(POS=f"289.95,64.36;{frame}", SIZE="2").constraints.circle
    assert circle is not None
    names = {"galactic_ii": "galactic", "ECLIPTIC": "barycentricmeanecliptic"}
    place = SkyCoord(289.95, 64.36, unit="deg", frame=names.get(frame, frame.lower()))
    found = SkyCoord(circle.centre.lon, circle.centre.lat, unit="deg")
    assert found.separation(place.icrs).arcsec < 0.1
    assert circle.radius == 1.0


def test_places_have_a_default_size() -> None:
    for size in ({}, {"SIZE": "0"}, {"SIZE": ""}):
        circle = asked(POS="52,-27.8", **size).constraints.circle
        assert circle is not None
        assert (circle.centre.lon, circle.centre.lat, circle.radius) == (52, -27.8, 0.05)
    assert asked(SIZE="1").constraints.circle is None


@pytest.mark.parametrize(
    ("text", "native", "made", "types"),
    [
        ("all", True, {VOTABLE, FITS}, set()),
        ("", True, {VOTABLE, FITS}, set()),
        ("ALL,native", True, {VOTABLE, FITS}, set()),
        ("Compliant", False, {VOTABLE, FITS}, set()),
        ("native", True, set(), set()),
        ("votable", False, {VOTABLE}, set()),
        ("fits,native", True, {FITS}, set()),
        ("graphic", False, {"image/svg+xml"}, set()),
        ("xml", False, set(), set()),
        ("application/FITS", False, set(), {"application/fits"}),
        (
            "application/fits; convention=STScI-STIS,text/csv",
            False,
            set(),
            {"application/fits;convention=stsci-stis", "text/csv"},
        ),
    ],
)
def test_formats(text: str, native: bool, made: set[str], types: set[str]) -> None:
    wanted = asked(FORMAT=text).wanted
    assert (wanted.native, wanted.made, wanted.types) == (native, made, types)
    assert not wanted.metadata


def test_metadata_makes_all_else_ignored() -> None:
    found = asked(FORMAT="fits,METADATA", POS="nonsense", MAXREC="x")
    assert found.wanted.metadata


def test_limits() -> None:
    found = asked(SPECRP="2000", SNR="5/10", SPATRES="0.05", TIMERES="/60", REDSHIFT="1.3/3.0")
    known = found.constraints
    assert known.resolving_power is not None
    assert (known.resolving_power.low, known.resolving_power.high) == (2000, _INF)
    assert known.snr is not None
    assert (known.snr.low, known.snr.high) == (5, 10)
    assert known.space_resolution is not None
    assert (known.space_resolution.low, known.space_resolution.high) == (-_INF, 0.05)
    assert known.time_resolution is not None
    assert known.time_resolution.high == 60
    assert known.redshift is not None
    assert (known.redshift.low, known.redshift.high) == (1.3, 3)


@pytest.mark.parametrize("version", ["1", "1.0", "1.1", "1.04", "1.12"])
def test_versions(version: str) -> None:
    assert asked(VERSION=version).maxrec is None


def test_what_is_accepted_and_not_used() -> None:
    found = asked(APERTURE="wide", VARAMPL="0.5/", UNHEARD="of", MTIME="2005-01-01/2006-01-01")
    assert found.unused == ("APERTURE", "VARAMPL")
    assert found.constraints.modified is not None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("REQUEST", "getData", "use queryData"),
        ("VERSION", "2.0", "speaks SSAP 1.1"),
        ("VERSION", "1.2", "speaks SSAP 1.1"),
        ("POS", "12", "two numbers"),
        ("POS", "1,2,3", "two numbers"),
        ("POS", "1 2", "no position"),
        ("POS", "12:30:00,5", "'12:30:00' is not a number"),
        ("POS", "1,", "empty item"),
        ("POS", "10,91", "-90 to 90"),
        ("POS", "361,0", "0 to 360"),
        ("POS", "1,2;MARS", "'MARS' is not known"),
        ("SIZE", "-1", "0 to 360"),
        ("SIZE", "nan", "not a number"),
        ("SIZE", "1,2", "not a number"),
        ("BAND", "1E-7/2E-7/1E-9", "has 3 fields"),
        ("BAND", "Z", "no band 'Z'"),
        ("BAND", "-5E-7", "below 0"),
        ("BAND", "5E-7;moon", ";source or ;observer"),
        ("BAND", ",", "empty item"),
        ("BAND", "5_0", "not a number"),
        ("BAND", ",".join(["V"] * 1_001), "1001 items, more than 1000"),
        ("TIME", "1998-13", "no date"),
        ("TIME", "1998-02-30", "no date"),
        ("TIME", "0000", "no date"),
        ("TIME", "1998-05-21 12:00", "no date"),
        ("TIME", "1998-05-21T25:00:00", "no date"),
        ("TIME", "yesterday", "no date"),
        ("TIME", "1998;TAI", "use UTC"),
        ("MTIME", "1998,1999", "not one range"),
        ("FORMAT", "jpeg", "'jpeg' is not known"),
        ("FORMAT", "fits/", "is not known"),
        ("SPECRP", "high", "not a number"),
        ("REDSHIFT", "1,2", "not one range"),
        ("FLUXCALIB", "best", "use one of any, relative, absolute, normalized"),
        ("WAVECALIB", "normalized", "use one of any, relative, absolute"),
        ("TOP", "-1", "whole number"),
        ("MAXREC", "many", "whole number"),
        ("COMPRESS", "perhaps", "use 1 or 0"),
    ],
)
def test_mistakes_name_the_parameter_and_the_remedy(name: str, value: str, said: str) -> None:
    pairs = [("REQUEST", "queryData")] * (name != "REQUEST") + [("POS", "1,2")] * (name == "SIZE")
    with pytest.raises(UsageError) as raised:
        ssap_request(parameters_of([*pairs, (name, value)]), default_maxrec=None)
    assert name in raised.value.message
    assert said in raised.value.message


def test_the_operation_has_to_be_named_once() -> None:
    with pytest.raises(UsageError, match="REQUEST is missing; add REQUEST=queryData"):
        ssap_request(parameters_of([("POS", "1,2")]), default_maxrec=None)
    with pytest.raises(UsageError, match="POS is given 2 times"):
        ssap_request(
            parameters_of([("REQUEST", "queryData"), ("pos", "1,2"), ("POS", "2,1")]),
            default_maxrec=None,
        )
