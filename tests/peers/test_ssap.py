"""Spectra as astronomers' programs find and fetch them: pyvo and STILTS."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import astropy.units as u
import httpx
import pytest
import pyvo
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time
from astropy.utils.data import import_file_to_cache
from pyvo.utils import vocabularies

from tests.conftest import Stack
from tests.peers.conftest import Stilts

M35 = SkyCoord(92.25, 24.33, unit="deg")


@pytest.fixture(scope="module")
def service(stack: Stack) -> pyvo.dal.SSAService:
    return pyvo.dal.SSAService(f"{stack.url}/ssap")


@pytest.fixture
def vocabulary(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The terms of DataLink as pyvo finds them in its cache, where there is no internet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "astropy").mkdir()
    lines = (shared / "standards/vocabularies/datalink/core/terms.csv").read_text().splitlines()
    rows = [row for row in csv.reader(lines, delimiter=";") if len(row) >= 4]
    terms = {row[0]: {"label": row[2], "description": row[3], "narrower": []} for row in rows}
    document = tmp_path / "core.json"
    document.write_text(json.dumps({"terms": terms}))
    import_file_to_cache(vocabularies.IVOA_VOCABULARY_ROOT + "datalink/core", document)
    vocabularies.get_vocabulary.cache_clear()
    yield
    vocabularies.get_vocabulary.cache_clear()


def test_pyvo_searches_with_quantities(service: pyvo.dal.SSAService) -> None:
    found = service.search(
        pos=M35,
        diameter=2 * u.deg,
        band=[4, 5] * u.um / 10,
        time=Time(["2000-01-01", "2024-01-01"]),
        format="native",
    )
    assert 0 < len(found) <= len(service.search(pos=(92.25, 24.33), diameter=2))
    for row in found:
        place = SkyCoord(row.ra, row.dec, unit="deg")
        assert place.separation(M35) < 1 * u.deg
        assert row.format == "application/fits"
        assert row.title
        assert row.instr
        assert row.filesize > 0
        assert row.acref == row.getdataurl() == row["access_url"]


def test_pyvo_lists_the_columns(
    service: pyvo.dal.SSAService, capsys: pytest.CaptureFixture[str]
) -> None:
    service.describe()
    said = capsys.readouterr().out
    assert service.description in said
    assert "ssa:Char.SpectralAxis.Coverage.Bounds.Start" in said


def test_pyvo_follows_the_links_of_all_rows(service: pyvo.dal.SSAService) -> None:
    found = service.search(pos=M35, diameter=1)
    datasets = set(found["obs_publisher_did"])
    followed = [links["ID"][0] for links in found.iter_datalinks()]
    assert len(found) == 3 * len(datasets) == len(followed)
    assert set(followed) == datasets


def test_pyvo_fetches_a_spectrum(service: pyvo.dal.SSAService, vocabulary: None) -> None:
    row = service.search(pos=M35, diameter=1, format="native")[0]
    with fits.open(io.BytesIO(row.getdataset().read())) as file:
        assert file[0].header["OBJECT"] == row["target_name"]


def test_each_row_leads_to_what_it_says(service: pyvo.dal.SSAService) -> None:
    """In the three formats, of about the size that was told, with the points that were told."""
    rows = service.search(pos=M35, diameter=1, top=3)
    kinds = [(row.format, row["data_model"]) for row in rows]
    assert len(set(kinds)) == 3
    for row in rows:
        answer = httpx.get(row.acref, timeout=60)
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == row.format
        assert 0.3 < len(answer.content) / 1000 / row.filesize < 3
        assert bytes(row["obs_publisher_did"], "ascii") in answer.content or (
            row["data_model"] == "eso_phase3"
        )


def test_a_plot_is_where_it_is_asked_for(service: pyvo.dal.SSAService) -> None:
    (row,) = service.search(pos=M35, diameter=1, top=1, format="graphic")
    answer = httpx.get(row.acref, timeout=60)
    assert (row.format, answer.status_code) == ("image/svg+xml", 200)
    assert answer.headers["content-type"] == row.format
    assert b"<svg" in answer.content


def test_pyvo_shows_mistakes_and_overflows(service: pyvo.dal.SSAService) -> None:
    with pytest.raises(pyvo.dal.DALQueryError, match="'nowhere' is not a number"):
        service.search(POS="nowhere,1")
    with pytest.warns(pyvo.dal.exceptions.DALOverflowWarning):
        assert len(service.search(maxrec=2)) == 2


def test_stilts_matches_a_table_with_spectra(
    stack: Stack, stilts: Stilts, service: pyvo.dal.SSAService, tmp_path: Path
) -> None:
    places = {}
    for row in service.search(format="native", top=3):
        places[row["target_name"]] = (float(row.ra), float(row.dec))
    table = tmp_path / "places.csv"
    lines = [f"{name},{ra!r},{dec!r}" for name, (ra, dec) in places.items()]
    table.write_text("\n".join(["name,ra,dec", *lines, "nothing,10,-89"]))
    done = stilts(
        "coneskymatch",
        "servicetype=ssa",
        f"serviceurl={stack.url}/ssap",
        *(f"in={table}", "ifmt=csv", "ra=ra", "dec=dec", "sr=0.01", "find=best"),
        *("dataformat=application/x-votable+xml", "ofmt=csv"),
        "ocmd=keepcols 'name target_name access_format access_url'",
    )
    matched = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {row["name"] for row in matched} == set(places), done.stderr
    assert all(row["name"] == row["target_name"] for row in matched)
    assert all(row["access_url"].endswith(".vot") for row in matched)


def test_stilts_shows_what_is_wrong(stack: Stack, stilts: Stilts) -> None:
    """Its text, which a status of HTTP would hide."""
    url = f"serviceurl={stack.url}/ssap"
    done = stilts("cone", "servicetype=ssa", url, "lon=1", "lat=1", "radius=1", "dataformat=jpeg")
    assert done.returncode == 1
    assert "FORMAT: 'jpeg' is not known" in done.stderr
