"""/soda/sync by the text of SODA 1.0: cutouts of real files, errors, and what comes of them."""

import io
import os
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from service.access import command
from tests.conftest import rows_of
from tests.serving import Service
from tests.soda.conftest import BROWSER, CUBE, DID, IMAGE, LARGE, SPECTRUM, STOKES

CIRCLE = "266.4 -28.93 0.02"


@pytest.fixture(scope="module")
def side() -> int:
    """36 MB, more than what is on its way at any time."""
    return 3000


def _cut(archive: httpx.Client, identifier: str, **parameters: Any) -> fits.HDUList:
    answer = archive.get("/soda/sync", params={"ID": identifier, **parameters})
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    return fits.open(io.BytesIO(answer.content))


def test_so_many_pixels_around_a_position(archive: httpx.Client, shared: Path) -> None:
    with fits.open(shared / "data/images/2mass-aplpy/2MASS_k.fits.gz") as whole:
        pixels, wcs = whole[0].data, WCS(whole[0].header)
    cut = _cut(archive, IMAGE, CENTER="266.4 -28.93", PIXELS="28 21")[0]
    x, y = (int(np.rint(each)) for each in wcs.celestial.wcs_world2pix(266.4, -28.93, 0))
    expected = pixels[..., y - 10 : y + 11, x - 14 : x + 14]
    assert np.array_equal(cut.data, expected)
    found = WCS(cut.header).celestial.wcs_pix2world([[0, 0], [27, 20]], 0)
    corners = [[x - 14, y - 10], [x + 13, y + 10]]
    assert np.abs(found - wcs.celestial.wcs_pix2world(corners, 0)).max() < 1e-9


def test_a_circle_is_a_circle_however_it_is_sent(archive: httpx.Client) -> None:
    first = _cut(archive, IMAGE, CIRCLE=CIRCLE)[0]
    assert first.data.size < 721 * 720
    answers = (
        archive.get("/soda/sync", params={"id": IMAGE, "circle": CIRCLE}),
        archive.get("/soda/sync", params={"ID": IMAGE, "POS": f"circle {CIRCLE}"}),
        archive.post("/soda/sync", data={"ID": IMAGE, "CIRCLE": CIRCLE, "BAND": ""}),
        archive.post("/soda/sync", params={"ID": IMAGE}, files={"CIRCLE": (None, CIRCLE)}),
    )
    for answer in answers:
        assert np.array_equal(fits.open(io.BytesIO(answer.content))[0].data, first.data)
    box = "266.38 -28.95 266.42 -28.95 266.42 -28.91 266.38 -28.91"
    polygon = _cut(archive, IMAGE, POLYGON=box)[0].data
    assert np.array_equal(polygon, _cut(archive, IMAGE, POS=f"POLYGON {box}")[0].data)
    ranged = _cut(archive, IMAGE, POS="RANGE 266.38 266.42 -28.95 -28.91")[0].data
    assert abs(ranged.shape[-1] - polygon.shape[-1]) <= 1


def test_a_cube_is_cut_along_its_spectral_axis(archive: httpx.Client) -> None:
    cut = _cut(archive, CUBE, BAND="0.0032175 0.0032176")[0]
    assert 0 < cut.data.shape[0] < 501
    assert cut.data.shape[1:] == (2, 2)


@pytest.mark.parametrize(
    ("form", "media_type"),
    [
        (None, "application/fits"),
        ("native", "application/fits"),
        ("fits", "application/fits"),
        ("application/x-votable+xml;serialization=binary2", "application/x-votable+xml"),
    ],
)
def test_a_spectrum_is_cut_in_the_form_that_is_asked_for(
    archive: httpx.Client, form: str | None, media_type: str
) -> None:
    asked = {"ID": SPECTRUM, "BAND": "5e-7 5.1e-7"} | ({"RESPONSEFORMAT": form} if form else {})
    answer = archive.get("/soda/sync", params=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert len(answer.content) < 172_800 / 2


def test_headers(archive: httpx.Client) -> None:
    asked = {"ID": IMAGE, "CIRCLE": CIRCLE}
    answer = archive.get("/soda/sync", params=asked)
    assert answer.headers["content-type"] == "application/fits"
    assert answer.headers["content-disposition"] == 'attachment; filename="2MASS_k_cut.fits"'
    assert "starhaul-partial" not in answer.headers
    head = archive.head("/soda/sync", params=asked)
    for name in ("content-type", "content-disposition", "content-length", "etag"):
        assert head.headers[name] == answer.headers[name]
    assert head.content == b""
    known = {"If-None-Match": answer.headers["etag"]}
    again = archive.get("/soda/sync", params=asked, headers=known)
    assert (again.status_code, again.headers["etag"]) == (304, answer.headers["etag"])
    other = archive.get("/soda/sync", params={**asked, "CIRCLE": "266.4 -28.93 0.03"})
    assert other.headers["etag"] != answer.headers["etag"]
    edge = archive.get("/soda/sync", params={"ID": IMAGE, "CIRCLE": "266.97 -28.93 0.02"})
    assert (edge.status_code, edge.headers["starhaul-partial"]) == (200, "true")


def test_without_a_filter_the_whole_file_comes_in_ranges(archive: httpx.Client) -> None:
    whole = archive.get("/soda/sync", params={"ID": IMAGE})
    part = archive.get("/soda/sync", params={"ID": IMAGE}, headers={"Range": "bytes=5-14"})
    assert part.status_code == 206
    assert part.content == whole.content[5:15]


@pytest.mark.parametrize(
    ("identifier", "parameters"),
    [
        (IMAGE, {"CIRCLE": "10 10 0.1"}),
        (IMAGE, {"CENTER": "10 10", "PIXELS": "28"}),
        (IMAGE, {"POS": "RANGE 10 11 -90 90"}),
        (CUBE, {"BAND": "-Inf 1e-9"}),
        (CUBE, {"TIME": "10 20"}),
        (SPECTRUM, {"BAND": "1 +Inf"}),
        (SPECTRUM, {"BAND": "1 2", "RESPONSEFORMAT": "votable"}),
    ],
)
def test_where_nothing_overlaps_there_is_no_content(
    archive: httpx.Client, identifier: str, parameters: dict[str, str]
) -> None:
    answer = archive.get("/soda/sync", params={"ID": identifier, **parameters})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["starhaul-reason"]
    assert "content-type" not in answer.headers
    # A browser would stay on the form and show nothing.
    page = archive.get("/soda/sync", params={"ID": identifier, **parameters}, headers=BROWSER)
    assert page.status_code == 404
    assert page.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("parameters", "status", "word"),
    [
        ({}, 400, "UsageError"),
        ({"ID": "ivo://none/such", "CIRCLE": CIRCLE}, 404, "UsageError"),
        ({"ID": "\0", "CIRCLE": CIRCLE}, 404, "UsageError"),
        ({"ID": IMAGE, "CIRCLE": "1 2"}, 400, "UsageError"),
        ({"ID": IMAGE, "CIRCLE": "1 2 -3"}, 400, "UsageError"),
        ({"ID": IMAGE, "CIRCLE": "400 2 3"}, 400, "UsageError"),
        ({"ID": IMAGE, "POLYGON": "1 2 3 4 5"}, 400, "UsageError"),
        ({"ID": IMAGE, "POS": "BOX 1 2 3 4"}, 400, "UsageError"),
        ({"ID": IMAGE, "BAND": "2 1"}, 400, "UsageError"),
        ({"ID": IMAGE, "TIME": "now"}, 400, "UsageError"),
        ({"ID": IMAGE, "POL": "red"}, 400, "UsageError"),
        ({"ID": IMAGE, "CENTER": "266.4 -28.93"}, 400, "UsageError"),
        ({"ID": IMAGE, "PIXELS": "28 28"}, 400, "UsageError"),
        ({"ID": IMAGE, "CENTER": "266.4 -28.93", "PIXELS": "0 28"}, 400, "UsageError"),
        ({"ID": IMAGE, "CENTER": "266.4 -28.93", "PIXELS": "1.5"}, 400, "UsageError"),
        ({"ID": IMAGE, "CIRCLE": CIRCLE, "RESPONSEFORMAT": "png"}, 400, "UsageError"),
        ({"ID": IMAGE, "CIRCLE": CIRCLE, "RESPONSEFORMAT": "votable"}, 400, "UsageError"),
        ({"ID": IMAGE, "UPLOAD": "t,http://x/"}, 400, "UsageError"),
        ({"ID": f"{DID}cubes/l1448-13co/l1448_13co.fits", "BAND": "1 2"}, 422, "UsageError"),
        ({"ID": [IMAGE, CUBE]}, 400, "MultiValuedParamNotSupported"),
        ({"ID": IMAGE, "CIRCLE": [CIRCLE, CIRCLE]}, 400, "MultiValuedParamNotSupported"),
        ({"ID": IMAGE, "CIRCLE": CIRCLE, "POS": "x"}, 400, "MultiValuedParamNotSupported"),
        ({"ID": SPECTRUM, "BAND": ["1 2", "3 4"]}, 400, "MultiValuedParamNotSupported"),
    ],
)
def test_errors_begin_with_the_words_of_the_standard(
    archive: httpx.Client, parameters: dict[str, Any], status: int, word: str
) -> None:
    answer = archive.get("/soda/sync", params=parameters)
    assert (answer.status_code, answer.text.partition(":")[0]) == (status, word), answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.endswith("\n")


def test_all_values_of_pol_are_one_filter(archive: httpx.Client) -> None:
    assert _cut(archive, STOKES, POL="Q")[0].data.shape == (1, 4, 16, 16)
    cut = _cut(archive, STOKES, POL=["U", "I"], CENTER="30 10", PIXELS="4")[0]
    assert cut.data.shape[1:] == (4, 4, 4)
    assert cut.data.shape[0] in (2, 3)
    answer = archive.get("/soda/sync", params={"ID": STOKES, "POL": "RR"})
    assert (answer.status_code, answer.content) == (204, b"")


def test_what_is_closed_is_cut_for_its_readers_alone(
    archive: httpx.Client, service: Service
) -> None:
    asked = {"ID": CUBE, "BAND": "0.0032175 0.0032176"}
    close = "UPDATE archive.dataset SET readable_by = $1 WHERE obs_publisher_did = $2"
    tokens = {name: command.make(service.database_url, name, None) for name in ("ada", "bob")}
    rows_of(service.database_url, close, ["ada"], CUBE)
    try:
        assert archive.get("/soda/sync", params=asked).status_code == 404
        for name, status in (("ada", 200), ("bob", 404)):
            headers = {"Authorization": f"Bearer {tokens[name]}"}
            assert archive.get("/soda/sync", params=asked, headers=headers).status_code == status
    finally:
        rows_of(service.database_url, close, None, CUBE)


def test_a_file_that_changes_meanwhile_ends_short(archive: httpx.Client, made: Path) -> None:
    asked = {"ID": LARGE, "CIRCLE": "30 10 2"}
    with archive.stream("GET", "/soda/sync", params=asked) as answer:
        assert answer.status_code == 200
        pieces = answer.iter_raw()
        received = len(next(pieces))
        os.utime(made / "large.fits")
        with pytest.raises(httpx.RemoteProtocolError):
            received += sum(map(len, pieces))
    assert received < int(answer.headers["content-length"])
    changed = archive.get("/soda/sync", params=asked)
    assert (changed.status_code, changed.text.partition(":")[0]) == (410, "UsageError")


def test_wrong_credentials_are_told_in_the_words_of_the_standard(archive: httpx.Client) -> None:
    wrong = {"Authorization": "Bearer nonsense"}
    answer = archive.get("/soda/sync", params={"ID": IMAGE}, headers=wrong)
    assert (answer.status_code, answer.text.partition(":")[0]) == (401, "AuthenticationError")
    assert answer.headers["www-authenticate"]


_NUMBERS = st.sampled_from(
    ["0", "1e-7", "0.0032175", "266.4", "-28.93", "90", "-Inf", "+Inf", "nan", "1e400", "é", "²"]
)
_VALUES = st.lists(_NUMBERS, max_size=8).map(" ".join) | st.text(max_size=20)
_SHAPES = st.tuples(st.sampled_from(["CIRCLE ", "RANGE ", "POLYGON ", ""]), _VALUES).map("".join)
_ASKED = st.fixed_dictionaries(
    {"ID": st.sampled_from([IMAGE, CUBE, SPECTRUM]) | st.text(max_size=20)},
    optional={
        "POS": _SHAPES,
        **dict.fromkeys(("CIRCLE", "POLYGON", "CENTER", "PIXELS", "BAND", "TIME"), _VALUES),
        "POL": st.sampled_from(["I", "Q", "", "x"]),
        "RESPONSEFORMAT": st.sampled_from(["votable", "fits", ";", ""]) | st.text(max_size=10),
    },
)


@given(_ASKED)
def test_no_parameter_makes_an_error_of_ours(archive: httpx.Client, asked: dict[str, str]) -> None:
    for path in ("/soda/sync", "/soda/async"):
        answer = archive.post(path, data=asked)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            assert answer.text.startswith(("UsageError: ", "MultiValuedParamNotSupported: "))
