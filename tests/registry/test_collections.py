"""Each collection of spectra is a service of its own, with what its spectra cover."""

import csv

import astropy.units as u
import httpx
import pytest
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix
from lxml import etree

from tests.conftest import Stack
from tests.registry.test_coverage import cells_of
from tests.xsd import valid

_RESOURCE = "{http://www.ivoa.net/xml/RegistryInterface/v1.0}Resource"
_ORDER = 6


@pytest.fixture(scope="module")
def records(stack: Stack) -> dict[str, etree._Element]:
    """Every resource of the demo archive, by the end of its identifier."""
    asked = {"verb": "ListRecords", "metadataPrefix": "ivo_vor"}
    root = valid(httpx.get(f"{stack.url}/registry", params=asked).content, "harvest.xsd")
    found = {each.findtext("identifier") or "": each for each in root.iter(_RESOURCE)}
    return {name.partition("/starhaul/")[2]: each for name, each in found.items()}


@pytest.fixture(scope="module")
def spectra(stack: Stack) -> dict[str, list[dict[str, str]]]:
    """Where and of what the spectra of each collection are."""
    query = (
        "SELECT obs_collection, s_ra, s_dec, t_min, em_max FROM ivoa.obscore "
        "WHERE dataproduct_type = 'spectrum'"
    )
    asked = {"LANG": "ADQL", "FORMAT": "csv", "QUERY": query}
    found: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader(httpx.get(f"{stack.url}/tap/sync", params=asked).text.splitlines()):
        found.setdefault(row["obs_collection"], []).append(row)
    return found


def test_each_collection_of_spectra_has_a_service(
    stack: Stack,
    records: dict[str, etree._Element],
    spectra: dict[str, list[dict[str, str]]],
) -> None:
    services = {name for name in records if name.startswith("ssap/")}
    assert services == {f"ssap/{name}" for name in spectra}
    for name in services:
        url = records[name].findtext("capability/interface/accessURL")
        assert url == f"{stack.url}/{name}?"
        query = records[name].findtext("capability/interface/testQuery")
        assert "<TR>" in httpx.get(f"{url}{query}").text
        assert records[name].findtext("title", "").partition(": ")[2].startswith("spectra of ")


def test_a_service_covers_what_its_spectra_do(
    records: dict[str, etree._Element], spectra: dict[str, list[dict[str, str]]]
) -> None:
    for name, rows in spectra.items():
        coverage = records[f"ssap/{name}"].find("coverage")
        assert coverage is not None
        lon, lat = ([float(row[each]) for row in rows] for each in ("s_ra", "s_dec"))
        cells = lonlat_to_healpix(Longitude(lon * u.deg), Latitude(lat * u.deg), _ORDER)
        assert cells_of(coverage.findtext("spatial") or "", _ORDER) == set(map(int, cells))
        earliest = float(coverage.findtext("temporal", "").split()[0])
        assert earliest == min(float(row["t_min"]) for row in rows)
        joules = 6.62607015e-34 * 299_792_458 / max(float(row["em_max"]) for row in rows)
        assert float(coverage.findtext("spectral", "").split()[0]) == pytest.approx(joules)
