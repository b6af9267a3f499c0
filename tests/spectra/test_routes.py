"""/spectra/{file id}.vot and .fits over HTTP: bytes, headers, parameters, refusals."""

import hashlib
import io
import re
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from astropy.io import fits, votable
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spectra import real
from tests.spectra.conftest import CLOSED, IN_AIR, OPEN, REAL, Spectra, write_table

SDSS = Path(REAL[0]).name


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize(
    ("form", "media_type"), [("vot", "application/x-votable+xml"), ("fits", "application/fits")]
)
def test_a_real_spectrum_in_both_forms(
    spectra: Spectra, name: str, form: str, media_type: str
) -> None:
    url = spectra.url(Path(name).name, form)
    answer = spectra.client.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-length"] == str(len(answer.content))
    digest = b64encode(hashlib.sha256(answer.content).digest()).decode()
    assert answer.headers["repr-digest"] == f"sha-256=:{digest}:"
    stem = re.sub(r"\.fits(\.gz)?$", "", Path(name).name)
    disposition = answer.headers["content-disposition"]
    assert disposition == f'attachment; filename="{stem}_spectrum.{form}"'
    again = spectra.client.get(url)
    assert (again.content, again.headers["etag"]) == (answer.content, answer.headers["etag"])
    head = spectra.client.head(url)
    assert head.headers["content-length"] == answer.headers["content-length"]
    assert head.headers["last-modified"] == answer.headers["last-modified"]


def test_what_is_said_of_its_origin(spectra: Spectra) -> None:
    document = spectra.client.get(spectra.url(SDSS)).content
    content = (spectra.folder / SDSS).read_bytes()
    infos = {
        info.name: info.value
        for resource in votable.parse(io.BytesIO(document)).resources
        for info in resource.infos
    }
    assert infos["source_file"] == SDSS
    assert infos["source_sha256"] == hashlib.sha256(content).hexdigest()
    assert spectra.url(SDSS) == f"/spectra/{infos['source_id'].removeprefix('/files/')}.vot"
    assert infos["publisher_did"].startswith("ivo://")
    assert infos["converter"].startswith("Starhaul ")
    assert b'value="A title \xc3\xa9"' in document
    table = spectra.client.get(spectra.url(SDSS, "fits"), params={"UNIT": "eV"}).content
    header = fits.getheader(io.BytesIO(table), 1)
    assert header["SRCSHA"] == hashlib.sha256(content).hexdigest()
    assert header["TITLE"] == "A title ?"
    assert "the spectral axis is changed from Angstrom to eV" in " ".join(header["HISTORY"])


def test_only_what_has_changed_is_sent_again(spectra: Spectra) -> None:
    url = spectra.url(SDSS)
    etag = spectra.client.get(url).headers["etag"]
    assert not etag.startswith("W/")
    unchanged = spectra.client.get(url, headers={"if-none-match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    others = [
        spectra.client.head(url, params=parameters).headers["etag"]
        for parameters in ({"UNIT": "nm"}, {"MEDIUM": "air"}, {"UNIT": "um", "MEDIUM": "air"})
    ]
    fits_etag = spectra.client.head(spectra.url(SDSS, "fits")).headers["etag"]
    assert len({etag, fits_etag, *others}) == 5
    part = spectra.client.get(url, headers={"range": "bytes=100-199", "if-range": etag})
    assert part.status_code == 206
    assert part.content == spectra.client.get(url).content[100:200]


def test_axis_on_request(spectra: Spectra) -> None:
    url = spectra.url(SDSS, "fits")

    def axis(**parameters: str) -> tuple[np.ndarray, str, str]:
        content = spectra.client.get(url, params=parameters).content
        table, header = fits.getdata(io.BytesIO(content), 1, header=True)
        return np.asarray(table.field(0)), header["TUNIT1"], header["TUCD1"]

    waves, unit, ucd = axis()
    assert (unit, ucd) == ("Angstrom", "em.wl")
    air, unit, ucd = axis(MEDIUM="air", unit="nm")
    assert (unit, ucd) == ("nm", "em.wl;obs.atmos")
    assert np.all((waves / (air * 10) > 1.00026) & (waves / (air * 10) < 1.0003))
    hertz, unit, ucd = axis(UNIT="Hz")
    assert (unit, ucd) == ("Hz", "em.freq")
    assert hertz == pytest.approx(299792458 / (waves[::-1] * 1e-10), rel=1e-12)


def test_the_publisher_says_the_medium(spectra: Spectra) -> None:
    """[header] of collection.toml: AIRORVAC = "air", where the file says nothing."""
    content = spectra.client.get(spectra.url(IN_AIR, "fits")).content
    header = fits.getheader(io.BytesIO(content), 1)
    assert header["TUCD1"] == "em.wl;obs.atmos"
    assert real.spectra("kpno-indous/A0V__153808.fits")[0].medium == "unknown"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"UNIT": "furlong"}, "UNIT='furlong' is not known; use one of Angstrom, nm, um, m"),
        ({"MEDIUM": "water"}, "MEDIUM='water' is not known; use vacuum or air"),
        ({"MEDIUM": "air", "UNIT": "Hz"}, "MEDIUM=air is for wavelengths"),
        ([("UNIT", "nm"), ("UNIT", "um")], "UNIT is given 2 times"),
    ],
)
def test_wrong_parameters(
    spectra: Spectra, parameters: dict[str, str] | list[tuple[str, str]], said: str
) -> None:
    answer = spectra.client.get(spectra.url(SDSS), params=parameters)  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


def test_refusals_in_plain_words(spectra: Spectra) -> None:
    image = spectra.client.get(spectra.url("image.fits"))
    assert image.status_code == 422
    assert image.json()["detail"] == (
        "the file image.fits is no spectrum but image; take /files instead"
    )
    nameless = spectra.client.get(spectra.url("no unit.fits"))
    assert nameless.status_code == 422
    said = nameless.json()["detail"]
    assert "no unit.fits cannot be converted: column WAVE of HDU 1 states no unit" in said
    assert "[header] in collection.toml" in said
    for path in ("/spectra/999999.vot", "/spectra/x.vot", "/spectra/1.txt", "/spectra/1"):
        assert spectra.client.get(path).status_code == 404, path
    closed = spectra.client.get(spectra.url(CLOSED))
    assert closed.status_code == 404
    assert "or you may not read it" in closed.json()["detail"]


def test_a_file_that_is_gone_or_another_one(spectra: Spectra) -> None:
    url = spectra.url("gone.fits", "fits")
    assert spectra.client.get(url).status_code == 200
    (spectra.folder / "gone.fits").unlink()
    write_table(spectra.folder / "gone.fits", start=5000.0)
    changed = spectra.client.get(url)
    assert changed.status_code in (409, 410)
    assert "gone.fits is not the one that was ingested" in changed.json()["detail"]
    (spectra.folder / "gone.fits").unlink()
    assert spectra.client.get(url).status_code == 410
    spectra.ingest("OPEN", OPEN)
    vanished = spectra.client.get(url)
    assert vanished.status_code == 410
    assert "no longer in the archive's store" in vanished.json()["detail"]


@settings(max_examples=25)
@given(
    path=st.text(max_size=20).map(lambda text: quote(text, safe="")),
    parameters=st.dictionaries(st.sampled_from(["UNIT", "medium", "x"]), st.text(max_size=9)),
)
def test_nothing_asked_is_an_error_of_ours(
    spectra: Spectra, path: str, parameters: dict[str, str]
) -> None:
    for name in (path, spectra.url(SDSS).removeprefix("/spectra/")):
        answer = spectra.client.head(f"/spectra/{name}", params=parameters)
        assert answer.status_code < 500
