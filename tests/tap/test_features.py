"""Every feature and function that the capabilities declare answers a query."""

import httpx
import pytest
from lxml import etree

from adql.syntax.extensions import EXTENSIONS
from service.tap.features import FEATURES
from tests.serving import Service

_GEOMETRY = {
    "AREA": "AREA(CIRCLE(10, 20, 1)) > 3",
    "BOX": "1 = CONTAINS(POINT(10, 20), BOX(10, 20, 1, 1))",
    "CENTROID": "COORD1(CENTROID(CIRCLE(10, 20, 1))) > 9",
    "CIRCLE": "1 = CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 5))",
    "CONTAINS": "1 = CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 5))",
    "COORD1": "COORD1(POINT(ra, dec)) = ra",
    "COORD2": "COORD2(POINT(ra, dec)) = dec",
    "COORDSYS": "COORDSYS(POINT(ra, dec)) IS NOT NULL",
    "DISTANCE": "DISTANCE(POINT(ra, dec), POINT(10, 20)) < 5",
    "INTERSECTS": "1 = INTERSECTS(CIRCLE(10, 20, 1), BOX(10, 20, 1, 1))",
    "POINT": "DISTANCE(POINT(ra, dec), POINT(10, 20)) < 5",
    "POLYGON": "1 = CONTAINS(POINT(ra, dec), POLYGON(9, 19, 12, 19, 10, 22))",
    "REGION": "1 = CONTAINS(POINT(10, 20), REGION('CIRCLE 10 20 1'))",
}
_STARS = "SELECT TOP 3 id FROM demo.stars WHERE {}"
_OTHERS = {
    "LOWER": _STARS.format("LOWER(name) LIKE 'star %'"),
    "UPPER": _STARS.format("UPPER(name) LIKE 'STAR %'"),
    "ILIKE": _STARS.format("name ILIKE 'STAR %'"),
    "WITH": "WITH near AS (SELECT id FROM demo.stars WHERE id < 5) SELECT id FROM near",
    "UNION": "SELECT id FROM demo.stars WHERE id = 1 UNION SELECT 2 FROM demo.stars WHERE id = 1",
    "EXCEPT": "SELECT 1 FROM demo.stars EXCEPT SELECT 2 FROM demo.stars",
    "INTERSECT": "SELECT 1 FROM demo.stars INTERSECT SELECT 1 FROM demo.stars",
    "CAST": _STARS.format("CAST(id AS VARCHAR) = '7'"),
    "IN_UNIT": _STARS.format("IN_UNIT(ra, 'rad') < 7"),
    "OFFSET": "SELECT TOP 3 id FROM demo.stars ORDER BY id OFFSET 2",
    "COALESCE": _STARS.format("COALESCE(err, 0) >= 0"),
}
_EXTENSIONS = {
    "CASE": _STARS.format("CASE WHEN mag > 1 THEN 1 ELSE 0 END = 1"),
    "TRUE": _STARS.format("variable = TRUE"),
    "CROSS JOIN": "SELECT TOP 3 a.id FROM demo.stars AS a CROSS JOIN tap_schema.schemas AS b",
    "DISTINCT ON": "SELECT DISTINCT ON (n_obs) TOP 3 n_obs, id FROM demo.stars ORDER BY mag",
    "GROUP BY": "SELECT MOD(id, 5) AS part, COUNT(*) AS n FROM demo.stars GROUP BY part",
    "SELECT *": "SELECT TOP 3 *, ra + dec AS total FROM demo.stars",
    "IS NULL": _STARS.format("err + mag IS NOT NULL"),
}
_QUERIES = {name: _STARS.format(test) for name, test in _GEOMETRY.items()} | _OTHERS


@pytest.mark.parametrize("form", [form for forms in FEATURES.values() for form in forms])
def test_a_declared_feature_works(service: Service, form: str) -> None:
    query = {"LANG": "ADQL", "QUERY": _QUERIES[form], "FORMAT": "csv"}
    response = httpx.get(f"{service.url}/tap/sync", params=query)
    assert response.status_code == 200, response.text
    assert response.text.count("\n") > 1


@pytest.mark.parametrize("form", [form for form, _ in EXTENSIONS])
def test_an_extension_is_of_plain_adql_alone(service: Service, form: str) -> None:
    def status(lang: str) -> int:
        query = {"LANG": lang, "QUERY": _EXTENSIONS[form], "FORMAT": "csv"}
        return httpx.get(f"{service.url}/tap/sync", params=query).status_code

    assert [status(lang) for lang in ("ADQL", "ADQL-2.1", "ADQL-2.0")] == [200, 400, 400]


def test_extensions_are_told_with_the_language(service: Service) -> None:
    root = etree.fromstring(httpx.get(f"{service.url}/tap/capabilities").content)
    told = root.findtext(".//language/description") or ""
    assert all(form in told for form, _ in EXTENSIONS)


def test_functions_are_declared_with_their_signatures(service: Service) -> None:
    document = httpx.get(f"{service.url}/tap/capabilities").content
    forms = [form.text or "" for form in etree.fromstring(document).iter("form")]
    assert any(form.startswith("ivo_healpix_index(") and " -> " in form for form in forms)
