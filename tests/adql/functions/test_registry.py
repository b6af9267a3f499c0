"""What a declaration feeds: capabilities, the page of functions, messages, types of results."""

import re

import pytest

import adql
from adql.functions.declaration import TYPES
from adql.functions.elsewhere import INSTEAD, advice
from adql.functions.frames import FRAMES, rotation
from adql.functions.user_functions import THEMES, USER_FUNCTIONS, describe
from adql.syntax.signatures import SIGNATURES
from tests.adql.conftest import CATALOGUE
from tests.conftest import ROOT

# TAPRegExt 1.0 §2.3: funcname ( arg type, ... ) -> type, with regular identifiers.
_SIGNATURE = re.compile(
    r"[A-Za-z]\w*\((?:[A-Za-z]\w* [A-Z]+(?:\[\])?(?:, [A-Za-z]\w* [A-Z]+(?:\[\])?)*)?\)"
    r" -> [A-Z]+(?:\[\])?"
)


def test_signatures_are_those_of_tapregext() -> None:
    assert len(describe()) == sum(map(len, USER_FUNCTIONS.values()))
    for signature, description in describe():
        assert _SIGNATURE.fullmatch(signature), signature
        assert description.endswith("."), signature


def test_names_have_a_prefix_that_says_whose_they_are() -> None:
    assert {name.split("_")[0] for name in USER_FUNCTIONS} == {"ivo", "sh"}


def listed() -> str:
    """The functions as docs/functions.md lists them."""
    lines: list[str] = []
    for theme, functions in THEMES.items():
        lines += [f"## {theme}", "", "| function | what it gives |", "|---|---|"]
        forms: dict[str, list[str]] = {}
        for function in functions:
            forms.setdefault(function.description, []).append(f"`{function.signature}`")
        lines += [
            f"| {' or '.join(signatures)} | {said} |" for said, signatures in forms.items()
        ] + [""]
    return "\n".join(lines)


def test_the_page_of_functions_lists_what_is_declared() -> None:
    page = (ROOT / "docs" / "functions.md").read_text(encoding="utf-8")
    wanted = listed()
    assert wanted in page, f"docs/functions.md must contain:\n{wanted}"


def test_advice_names_only_what_exists() -> None:
    known = {*USER_FUNCTIONS, *(name.lower() for name in SIGNATURES)}
    spoken = {"CAST", "AVG", "COUNT", "MIN", "MAX", "SUM"}
    for name in INSTEAD:
        said = advice(name.lower()) or ""
        for function in re.findall(r"(\w+)\(", said.partition(": write ")[2]):
            assert function.lower() in known or function in spoken, said
        assert name.lower() not in USER_FUNCTIONS, f"{name} is served"


ADVICE = {
    "STDDEV(mag)": "STDDEV is not ADQL: write sh_stddev(x)",
    "ivo_apply_pm(ra, dec, 1, 1, 10)": "no ivo_apply_pm here: write ivo_epoch_prop_pos(",
    "q3c_dist(ra, dec, 1, 2)": "no q3c_dist here: write DISTANCE(ra1, dec1, ra2, dec2)",
    "ivo_healpix_indx(3, ra, dec)": "did you mean ivo_healpix_index?",
    "sh_median(name)": "sh_median(a text) does not fit sh_median(x DOUBLE) -> DOUBLE",
    "ivo_healpix_index(3, CIRCLE(1, 2, 3))": "ivo_healpix_index(a whole number, a circle) does not "
    "fit ivo_healpix_index(hpxOrder INTEGER, long DOUBLE, lat DOUBLE) -> BIGINT or "
    "ivo_healpix_index(hpxOrder INTEGER, point POINT) -> BIGINT",
    "ivo_healpix_index(30, ra, dec)": "there is no HEALPix order 30: give 0 to 29",
    "sh_percentile(mag, id)": "write the fraction as a number from 0 to 1: 0.25",
    "sh_percentile(mag, 25)": "write the fraction as a number from 0 to 1: 0.25",
    "AVG(sh_median(mag) + 1)": "an aggregate within an aggregate",
    "sh_mad(AVG(mag))": "an aggregate within an aggregate",
    "sh_median(mag), id": "column 'id' is neither grouped nor aggregated",
}


@pytest.mark.parametrize(("call", "message"), ADVICE.items())
def test_a_wrong_call_says_what_would_be_right(call: str, message: str) -> None:
    with pytest.raises(adql.ADQLError, match=re.escape(message)):
        adql.translate(f"SELECT {call} FROM sky.stars", CATALOGUE)


# Type, size, xtype, unit and UCD of results.
RESULTS = {
    "sh_median(mag)": ("double", None, None, "mag", "phot.mag;stat.median"),
    "sh_stddev(mag)": ("double", None, None, "mag", "stat.stdev;phot.mag"),
    "sh_mad(mag)": ("double", None, None, "mag", None),
    "sh_percentile(ra, 0.9)": ("double", None, None, "deg", "pos.eq.ra"),
    "sh_stddev(ra + dec)": ("double", None, None, "deg", None),
    "sh_corr(ra, dec)": ("double", None, None, None, "stat.correlation"),
    "ivo_histogram(mag, 0, 9, 3)": ("int", "*", None, None, "meta.number"),
    "ivo_string_agg(name, ',')": ("char", "*", None, None, None),
    "ivo_to_mjd(observed)": ("double", None, None, "d", "time.epoch"),
    "ivo_healpix_index(9, ra, dec)": ("long", None, None, None, "pos.healpix"),
    "ivo_healpix_center(9, 1)": ("double", "2", "point", "deg", None),
    "ivo_epoch_prop_pos(ra, dec, 1, 1, 1, 1, 2000, 2010)": ("double", "2", "point", "deg", None),
    "sh_epoch_prop(ra, dec, 1, 1, 1, 1, 2000, 2010)": ("double", "*", None, None, None),
    "ivo_geom_transform('ICRS', 'FK5', POINT(ra, dec))": ("double", "2", "point", "deg", None),
    "ivo_geom_transform('ICRS', 'FK5', CIRCLE(ra, dec, 1))": (
        "double", "3", "circle", "deg", None,
    ),
    "ivo_hms_to_degrees(name)": ("double", None, None, "deg", None),
    "sh_greatest(mag, mag + 1)": ("double", None, None, "mag", None),
    "sh_greatest(ra, mag)": ("double", None, None, None, None),
    "sh_greatest(ra, dec)": ("double", None, None, "deg", None),
    "sh_nullif(id, 1)": ("long", None, None, None, "meta.id"),
    "sh_length(name)": ("int", None, None, None, None),
    "sh_njy_to_abmag(mag)": ("double", None, None, "mag", "phot.mag"),
}  # fmt: skip


@pytest.mark.parametrize("call", RESULTS)
def test_results_describe_themselves(call: str) -> None:
    meta = adql.translate(f"SELECT {call} FROM sky.stars", CATALOGUE).columns[0].meta
    assert (meta.datatype, meta.arraysize, meta.xtype, meta.unit, meta.ucd) == RESULTS[call]
    assert meta.name == call.partition("(")[0]


@pytest.mark.parametrize(
    ("call", "frame"),
    {
        "ivo_geom_transform('ICRS', 'galactic', POINT(ra, dec))": "GALACTIC",
        "CENTROID(ivo_geom_transform('ICRS', 'ECLIPTIC', CIRCLE(ra, dec, 1)))": "ECLIPTIC",
        "ivo_geom_transform('FK4', 'ICRS', POINT(ra, dec))": None,
        "COORD1(ivo_geom_transform('ICRS', 'FK5', POINT(ra, dec)))": None,
    }.items(),
)
def test_a_turned_geometry_names_its_frame(call: str, frame: str | None) -> None:
    translation = adql.translate(f"SELECT g FROM (SELECT {call} AS g FROM sky.stars) q", CATALOGUE)
    assert translation.columns[0].meta.frame == frame
    if call.startswith("ivo"):
        sql = adql.translate(f"SELECT COORDSYS({call}) FROM sky.stars", CATALOGUE).sql
        assert f"'{frame or 'ICRS'}'::text" in sql


def test_every_declared_type_is_known() -> None:
    used = {
        kind
        for forms in USER_FUNCTIONS.values()
        for form in forms
        for kind in (form.returns, *(kind for _, kind in form.parameters))
    }
    assert used == set(TYPES)


@pytest.mark.parametrize("frame", FRAMES)
def test_there_and_back_is_where_it_was(frame: str) -> None:
    for row, wanted in zip(rotation(frame, frame), rotation("ICRS", "ICRS"), strict=True):
        assert row == wanted
    there, back = rotation("ICRS", frame), rotation(frame, "ICRS")
    for i in range(3):
        for j in range(3):
            assert there[i][j] == pytest.approx(back[j][i], abs=1e-15)
