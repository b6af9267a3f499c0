"""Which spectra each parameter finds (SSAP 1.1 §4.1), in which order, and their rows (§4.2)."""

import io
from pathlib import Path

import httpx
import numpy as np
import pytest
import pyvo
from astropy.io.votable import parse_single_table

from service.access import command
from tests.peers.conftest import Stilts, stilts
from tests.serving import Service
from tests.ssap.conftest import DID, SEVERAL
from tests.ssap.reading import find, names, rows_of

__all__ = ["stilts"]

PUBLIC = ["star", "quasar", "continuum", "unknown", "list", SEVERAL]


def test_all_that_anybody_may_see(spectra: httpx.Client) -> None:
    assert sorted(names(find(spectra))) == sorted(PUBLIC)


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"POS": "10,20", "SIZE": "0.9"}, ["star"]),
        ({"POS": "10,20", "SIZE": "1"}, ["star", "quasar"]),
        ({"POS": "10.6,20", "SIZE": "2"}, ["quasar", "list", "star"]),
        ({"POS": "10,20"}, ["star"]),
        ({"POS": "10,20", "SIZE": "5e-324"}, ["star"]),
        ({"POS": "0,-90", "SIZE": "0.3"}, ["continuum"]),
        ({"POS": "180,0", "SIZE": "360"}, ["continuum", "list", "quasar", "star"]),
        ({"POS": "119.2694,-42.7904;GALACTIC", "SIZE": "0.1"}, ["star"]),
        ({"BAND": "5E-7"}, ["star"]),
        ({"BAND": "7E-7/1E-6"}, ["star", "quasar"]),
        ({"BAND": "/4.5E-7,1.9E-6/"}, ["star", "quasar"]),
        ({"BAND": "V"}, ["star"]),
        ({"BAND": "Infrared"}, ["quasar"]),
        ({"BAND": "radio"}, []),
        ({"BAND": "5E-7;source"}, ["star", "quasar"]),
        ({"BAND": "3E-7/3.9E-7;source"}, ["quasar"]),
        ({"TIME": "2000-01-01"}, ["star"]),
        ({"TIME": "2000-01-01T01:00:00"}, ["star"]),
        ({"TIME": "2000-01-01T03:00:00"}, []),
        ({"TIME": "2009-06-19T20:00:00"}, []),
        ({"TIME": "2009-06-18T20:00:00"}, ["quasar"]),
        ({"TIME": "1990/1999,2009"}, ["quasar"]),
        ({"TIME": "2000/"}, ["star", "quasar"]),
        ({"SPECRP": "10000"}, ["quasar"]),
        ({"SPATRES": "0.0002"}, ["quasar"]),
        ({"TIMERES": "3600"}, ["star"]),
        ({"SNR": "10"}, ["star"]),
        ({"SNR": "/10"}, ["quasar"]),
        ({"REDSHIFT": "1/3"}, ["quasar"]),
        ({"REDSHIFT": "0"}, ["star"]),
        ({"TARGETNAME": "bd+33 2642"}, ["star"]),
        ({"TARGETNAME": "QSO1", "POS": "10,20", "SIZE": "0.1"}, []),
        ({"TARGETCLASS": "galaxy,qso"}, ["quasar"]),
        ({"FLUXCALIB": "Absolute"}, ["star"]),
        ({"FLUXCALIB": "relative"}, ["star", "quasar"]),
        ({"FLUXCALIB": "normalized"}, ["continuum"]),
        ({"FLUXCALIB": "any"}, PUBLIC),
        ({"WAVECALIB": "relative"}, ["star", "quasar"]),
        ({"PUBDID": DID + "quasar"}, ["quasar"]),
        ({"PUBDID": "IVO://X-Unregistered/starhaul?SSAP/quasar"}, ["quasar"]),
        ({"PUBDID": DID + "hidden"}, []),
        ({"CREATORDID": "ivo://auth/col#r1"}, ["quasar"]),
        ({"COLLECTION": "ssap-Q"}, ["quasar", SEVERAL]),
        ({"COLLECTION": "ivo://x-unregistered/starhaul?SSAP-quasars"}, ["quasar", SEVERAL]),
        ({"COLLECTION": "ivo://x-unregistered/starhaul?SSAP"}, []),
        ({"MTIME": "2020/"}, PUBLIC),
        ({"MTIME": "2011-03-04"}, ["gone"]),
        ({"MTIME": "/2010"}, []),
        ({"APERTURE": "0.1", "VARAMPL": "0.5/1", "COMPRESS": "true", "LANG": "??"}, PUBLIC),
        ({"VERSION": "1.0", "RUNID": "it", "TARGETNAME": ""}, PUBLIC),
        ({"pos": "10,20", "sIzE": "0.9", "Snr": "10"}, ["star"]),
    ],
)
def test_what_is_found(spectra: httpx.Client, parameters: dict[str, str], found: list[str]) -> None:
    """A value that is not known satisfies nothing; ranges meet, lists are alternatives."""
    assert sorted(names(find(spectra, **parameters))) == sorted(found)


def test_names_of_parameters_may_have_any_case(spectra: httpx.Client) -> None:
    answer = spectra.get("/ssap?Request=QUERYDATA&pos=10,20&Size=0.9&fOrMaT=NATIVE")
    assert names(rows_of(answer)) == ["star"]


def test_the_nearest_comes_first(spectra: httpx.Client) -> None:
    assert names(find(spectra, POS="10.6,20", SIZE="2")) == ["quasar", "list", "star"]


def test_the_best_come_first(spectra: httpx.Client) -> None:
    found = find(spectra, POS="10.4,20", SIZE="2", BAND="5E-7/6E-7,1E-6/2E-6")
    assert names(found) == ["quasar", "star"]
    assert list(found["score"]) == sorted(found["score"], reverse=True)
    assert 0 < found["score"].min() < found["score"].max() <= 1


def test_top_cuts_without_a_word_and_maxrec_says_so(spectra: httpx.Client) -> None:
    asked = {"REQUEST": "queryData"}
    top = spectra.get("/ssap", params=asked | {"TOP": "2"})
    assert (len(rows_of(top)), b"OVERFLOW" in top.content) == (2, False)
    cut = spectra.get("/ssap", params=asked | {"MAXREC": "2"})
    assert len(rows_of(cut)) == 2
    assert b'<INFO name="QUERY_STATUS" value="OVERFLOW">' in cut.content
    rows = len(find(spectra))
    assert b"OVERFLOW" not in spectra.get("/ssap", params=asked | {"MAXREC": str(rows)}).content
    none = spectra.get("/ssap", params=asked | {"MAXREC": "0"})
    assert len(rows_of(none)) == 0
    assert len(rows_of(none).colnames) == len(rows_of(top).colnames)
    assert len(find(spectra, TOP="0")) == 0
    assert len(find(spectra, TOP=str(10**30), MAXREC=str(10**30))) == rows


def test_a_spectrum_has_a_row_for_each_of_its_formats(spectra: httpx.Client) -> None:
    found = find(spectra, PUBDID=DID + "star")
    number = found["access_url"][0].rpartition("/")[2]
    base = str(spectra.base_url).rstrip("/")
    assert [(row["access_url"], row["access_format"]) for row in found] == [
        (f"{base}/files/{number}", "application/fits"),
        (f"{base}/spectra/{number}.vot", "application/x-votable+xml"),
        (f"{base}/spectra/{number}.fits", "application/fits"),
    ]
    assert list(found["data_model"]) == ["sdss", *[found["data_model"][1]] * 2]
    assert found["data_model"][1].startswith("Spectrum-1.")
    assert len(set(found["association_id"])) == 1
    assert found["association_id"][0].startswith("MultiFormat.")
    assert (found["access_estsize"] > 0).all()
    assert list(found["em_xel"]) == [3800] * 3


@pytest.mark.parametrize(
    ("formats", "urls"),
    [
        ("native", [""]),
        ("compliant", [".vot", ".fits"]),
        ("votable", [".vot"]),
        ("fits", [".fits"]),
        ("application/fits", ["", ".fits"]),
        ("application/x-votable+xml,native", ["", ".vot"]),
        ("graphic", [".svg"]),
        ("image/svg+xml,native", ["", ".svg"]),
        ("xml,text/csv,image/jpeg", []),
    ],
)
def test_format_selects_among_them(spectra: httpx.Client, formats: str, urls: list[str]) -> None:
    found = find(spectra, PUBDID=DID + "star", FORMAT=formats)
    suffixes = [url.rpartition("/")[2].lstrip("0123456789") for url in found["access_url"]]
    assert suffixes == urls
    assert [bool(each) for each in found["association_id"]] == [len(urls) > 1] * len(urls)


def test_a_file_that_cannot_be_converted_has_its_own_row(spectra: httpx.Client) -> None:
    (row,) = find(spectra, PUBDID=DID + "list")
    assert row["access_format"] == "text/csv;header=present"
    assert row["association_id"] == ""
    assert names(find(spectra, FORMAT="text/csv")) == ["list"]
    assert names(find(spectra, FORMAT="text/csv; header=present")) == ["list"]
    assert names(find(spectra, FORMAT="text/csv;header=absent")) == []


def test_a_spectrum_of_several_files_leads_to_their_list(spectra: httpx.Client) -> None:
    (row,) = find(spectra, PUBDID=DID + SEVERAL)
    assert row["access_format"] == "application/x-votable+xml;content=datalink"
    links = spectra.get(row["access_url"])
    assert DID + SEVERAL in links.text


def test_pyvo_has_its_attributes(spectra: httpx.Client) -> None:
    """What pyvo looks for by utype: known of one spectrum, not of another."""
    service = pyvo.dal.SSAService(str(spectra.base_url).rstrip("/") + "/ssap")
    (row,) = service.search(PUBDID=DID + "star", format="native")
    assert (row.ra, row.dec, row.title) == (10, 20, "A <star> & more")
    assert (row.dateobs.isot, row.instr) == ("2020-01-02T00:00:00.000", "FEROS")
    assert (row.format, row.filesize > 0) == ("application/fits", True)
    assert row.acref == row.getdataurl() == row["access_url"]
    assert (row.suggest_dataset_basename(), row.suggest_extension()) == ("A_<star>_&_more", "fits")
    (row,) = service.search(PUBDID=DID + "unknown", format="native")
    assert row.dateobs is None
    assert np.isnan(row.ra)
    assert not row.instr


def test_values(spectra: httpx.Client) -> None:
    """Metres, days, degrees; what is not known is empty."""
    row = find(spectra, PUBDID=DID + "star", FORMAT="native")[0]
    assert row["obs_title"] == "A <star> & more"
    assert list(row["target_pos"]) == list(row["location"]) == [10, 20]
    assert row["em_value"] == pytest.approx(5.5e-7)
    assert row["em_extent"] == pytest.approx(3e-7)
    assert row["em_resolution"] == pytest.approx(2.75e-10)
    assert row["t_value"] == pytest.approx(51544.05)
    assert row["t_extent"] == pytest.approx(8640)
    assert row["s_resolution"] == pytest.approx(1 / 3600)
    assert (row["data_source"], row["creation_type"]) == ("pointed", "archival")
    assert (row["data_rights"], row["space_frame"]) == ("public", "ICRS")
    assert row["em_calib_status"] == row["s_calib_status"] == "absolute"
    bare = find(spectra, PUBDID=DID + "unknown", FORMAT="native")[0]
    assert bare["obs_title"] == "unknown"
    for name in ("target_pos", "em_value", "t_value", "redshift", "s_snr", "em_xel", "s_ra"):
        assert np.ma.getmaskarray(np.ma.asarray(bare[name])).all() or np.isnan(bare[name]).all()


def test_what_was_taken_out_says_when(spectra: httpx.Client) -> None:
    found = find(spectra, MTIME="2011/2012", FORMAT="native")
    assert list(found["deleted"]) == ["2011-03-04T05:06:07"]
    assert set(find(spectra, MTIME="2020/")["deleted"]) == {""}


def test_a_principal_finds_what_it_may_read(service: Service, spectra: httpx.Client) -> None:
    token = command.make(service.database_url, "ann", None)
    found = spectra.get(
        "/ssap",
        params={"REQUEST": "queryData", "POS": "10,20", "FORMAT": "native"},
        headers={"Authorization": f"Bearer {token}"},
    )
    rows = rows_of(found)
    assert sorted(names(rows)) == ["hidden", "star"]
    rights = {row["obs_publisher_did"]: row["data_rights"] for row in rows}
    assert rights == {DID + "star": "public", DID + "hidden": "proprietary"}


def test_each_collection_is_a_service(spectra: httpx.Client) -> None:
    assert set(names(find(spectra, "/ssap/SSAP-quasars"))) == {"quasar", SEVERAL}
    assert names(find(spectra, "/ssap/SSAP-quasars", POS="10,20", SIZE="0.1")) == []
    missing = spectra.get("/ssap/SSAP", params={"REQUEST": "queryData"})
    assert missing.status_code == 404
    assert b"there is no collection 'SSAP'" in missing.content


def test_the_same_by_post(spectra: httpx.Client) -> None:
    asked = {"REQUEST": "queryData", "TARGETNAME": "QSO 1"}
    posted = spectra.post("/ssap", data=asked)
    assert names(rows_of(posted)) == ["quasar"]
    assert names(rows_of(spectra.post("/ssap?REQUEST=queryData", data={"SNR": "10"}))) == ["star"]


def test_votlint_finds_nothing_in_what_is_not_known(
    spectra: httpx.Client, stilts: Stilts, tmp_path: Path
) -> None:
    document = tmp_path / "spectra.vot"
    document.write_bytes(spectra.get("/ssap", params={"REQUEST": "queryData"}).content)
    linted = stilts("votlint", f"votable={document}")
    assert (linted.returncode, linted.stdout) == (0, "")


def test_ids_of_columns_are_their_names(spectra: httpx.Client) -> None:
    """astropy calls columns by their IDs; one has the ID that its association refers to."""
    answer = spectra.get("/ssap", params={"REQUEST": "queryData", "TOP": "1"})
    table = parse_single_table(io.BytesIO(answer.content))
    unlike = {field.ID: field.name for field in table.fields if field.name != field.ID}
    assert unlike == {"Access.Format": "access_format"}
