"""/datalink/links by the text of DataLink 1.1: rows, faults, identifiers, formats."""

import csv
import hashlib
import io
import re
from pathlib import Path

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from tests.datalink.conftest import DATASETS, DID
from tests.datalink.reading import VOTABLE, infos, rows
from tests.xsd import valid

PATH = "/datalink/links"
STANDARD = "ivo://ivoa.net/std/DataLink#links-1.1"
MEDIA_TYPE = "application/x-votable+xml;content=datalink"
# Table 1 of DataLink 1.1, and the archive's own last column.
FIELDS = [
    ("ID", "char", "meta.id;meta.main"),
    ("access_url", "char", "meta.ref.url"),
    ("service_def", "char", "meta.ref"),
    ("error_message", "char", "meta.code.error"),
    ("description", "char", "meta.note"),
    ("semantics", "char", "meta.code"),
    ("content_type", "char", "meta.code.mime"),
    ("content_length", "long", "phys.size;meta.file"),
    ("content_qualifier", "char", None),
    ("local_semantics", "char", "meta.id.assoc"),
    ("link_auth", "char", "meta.code"),
    ("link_authorized", "boolean", "meta.code"),
    ("content_sha256", "char", "meta.checksum"),
]


def test_the_columns_and_what_is_said_of_the_document(links: httpx.Client) -> None:
    answer = links.get(PATH, params={"ID": DID + "one.fits"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA_TYPE)
    root = valid(answer.content, "VOTable.xsd")
    fields = list(root.iter(f"{VOTABLE}FIELD"))
    assert [(f.get("name"), f.get("datatype"), f.get("ucd")) for f in fields] == FIELDS
    assert {f.get("unit") for f in fields if f.get("name") == "content_length"} == {"byte"}
    resource = root[0]
    assert resource.get("type") == "results"
    assert ("standardID", STANDARD) in infos(etree.tostring(resource))
    assert len(list(resource.iter(f"{VOTABLE}TABLEDATA"))) == 1


def test_a_dataset_of_one_file(links: httpx.Client) -> None:
    (row,) = rows(links.get(PATH, params={"ID": DID + "one.fits"}).content)
    assert row["access_url"].rpartition("/")[0] == str(links.base_url.join("/files"))
    del row["access_url"]
    assert row == {
        "ID": DID + "one.fits",
        "service_def": "",
        "error_message": "",
        "description": "one.fits: A title",
        "semantics": "#this",
        "content_type": "application/fits",
        "content_length": "8",
        "content_qualifier": "#spectrum",
        "local_semantics": "",
        "link_auth": "optional",
        "link_authorized": "t",
        "content_sha256": hashlib.sha256(b"one.fits").hexdigest(),
    }


def test_several_files_come_with_a_package(links: httpx.Client) -> None:
    document = links.get(PATH, params={"ID": DID + "several"}).content
    found = rows(document)
    assert [(r["semantics"], r["description"].partition(":")[0]) for r in found[:3]] == [
        ("#this", "b.fits"),
        ("#this", "a.fits"),
        ("#preview", "preview.png"),
    ]
    assert [r["content_qualifier"] for r in found] == ["#event-list", "#event-list", "", ""]
    package = found[3]
    assert (package["semantics"], package["access_url"]) == ("#package", "")
    (service,) = valid(document, "VOTable.xsd").iterfind(
        f"{VOTABLE}RESOURCE[@ID='{package['service_def']}']"
    )
    said = {p.get("name"): p.get("value") for p in service.iterfind(f"{VOTABLE}PARAM")}
    assert said["accessURL"] == str(links.base_url.join("/bulk"))
    (identifier,) = service.iterfind(f"{VOTABLE}GROUP/{VOTABLE}PARAM[@name='ID']")
    assert identifier.get("ref") == "ID"


def _cutouts(qualifier: str) -> list[tuple[str, ...]]:
    """The rows of what can be cut out of a file, at once and as a job."""
    return [
        ("#cutout", "", "application/fits", qualifier, ""),
        ("#cutout", "", "text/xml", "", ""),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "drawn.fits",
            [
                ("#this", "files", "application/fits", "#spectrum", ""),
                ("#this", "spectra.fits", "application/fits", "#spectrum", "starhaul:fits"),
                ("#this", "spectra.vot", "application/x-votable+xml", "#spectrum", "starhaul:vot"),
                ("#preview", "previews.svg", "image/svg+xml", "", "starhaul:preview"),
                *_cutouts("#spectrum"),
            ],
        ),
        (
            "plotted.fits",  # the publisher gives a plot
            [
                ("#this", "files", "application/fits", "#spectrum", ""),
                ("#this", "spectra.fits", "application/fits", "#spectrum", "starhaul:fits"),
                ("#this", "spectra.vot", "application/x-votable+xml", "#spectrum", "starhaul:vot"),
                ("#preview-plot", "files", "image/png", "", ""),
                *_cutouts("#spectrum"),
                ("#package", "", "text/xml", "", ""),
            ],
        ),
        (
            "picture.fits",
            [
                ("#this", "files", "application/fits", "#image", ""),
                ("#preview", "previews.png", "image/png", "", "starhaul:preview"),
                ("#thumbnail", "files", "image/png", "", ""),
                *_cutouts("#image"),
                ("#package", "", "text/xml", "", ""),
            ],
        ),
        (
            "movie.fits",  # a progenitor is not converted
            [
                ("#this", "files", "application/fits", "#cube", ""),
                ("#preview", "previews.png", "image/png", "", "starhaul:preview"),
                ("#progenitor", "files", "application/fits", "#spectrum", ""),
                *_cutouts("#cube"),
            ],
        ),
        (
            "curve.fits",
            [
                ("#this", "files", "application/fits", "#timeseries", ""),
                ("#preview", "previews.svg", "image/svg+xml", "", "starhaul:preview"),
            ],
        ),
    ],
)
def test_what_the_archive_makes_of_a_file(
    links: httpx.Client, name: str, expected: list[tuple[str, ...]]
) -> None:
    found = rows(links.get(PATH, params={"ID": DID + name}).content)

    def room(url: str) -> str:
        path = httpx.URL(url).path.strip("/") if url else ""
        return re.sub(r"/\d+", "", path)

    assert [
        (
            row["semantics"],
            room(row["access_url"]),
            row["content_type"],
            row["content_qualifier"],
            row["local_semantics"],
        )
        for row in found
    ] == expected
    for row in found[:-1]:
        assert (row["link_auth"], row["link_authorized"]) == ("optional", "t")
    for row in found:
        made = row["local_semantics"].startswith("starhaul:")
        assert (row["content_length"] == "") == (made or row["access_url"] == "")


def test_what_other_datasets_that_one_may_see_are_to_it(links: httpx.Client) -> None:
    found = rows(links.get(PATH, params={"ID": DID + "product.fits"}).content)
    assert [(r["semantics"], r["description"], r["local_semantics"]) for r in found] == [
        ("#this", "product.fits: A title", ""),
        ("#progenitor", "one.fits: The frame it was made from", "raw"),
    ]
    (one,) = rows(links.get(PATH, params={"ID": DID + "one.fits"}).content)
    assert found[1]["access_url"] == one["access_url"]
    assert found[1]["content_qualifier"] == "#spectrum"


def test_each_row_has_one_way_and_a_known_meaning(links: httpx.Client, shared: Path) -> None:
    found = rows(links.post(PATH, data={"ID": [DID + name for name, *_ in DATASETS]}).content)
    vocabularies = shared / "standards" / "vocabularies"
    for column, name in (("semantics", "datalink/core"), ("content_qualifier", "product-type")):
        lines = (vocabularies / name / "terms.csv").read_text().splitlines()
        terms = {"#" + line.partition(";")[0] for line in lines}
        assert {row[column] for row in found} <= terms | {""}
    for row in found:
        ways = (row["access_url"], row["service_def"], row["error_message"])
        assert sum(map(bool, ways)) == 1
        assert row["semantics"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("gone.fits", "FatalFault: the file is no longer in the archive"),
        ("empty", "FatalFault: the dataset has no file here"),
        ("none", f"NotFoundFault: {DID}none cannot be found, or you may not read it"),
        ("hidden.fits", f"NotFoundFault: {DID}hidden.fits cannot be found, or you may not read it"),
    ],
)
def test_what_cannot_be_had_is_a_row_with_a_fault(
    links: httpx.Client, name: str, fault: str
) -> None:
    answer = links.get(PATH, params={"ID": DID + name})
    (row,) = rows(answer.content)
    assert answer.status_code == 200
    assert (row["error_message"], row["semantics"], row["ID"]) == (fault, "#this", DID + name)
    assert row["link_auth"] == row["link_authorized"] == ""


def test_a_file_that_is_not_permitted_is_told_as_such(links: httpx.Client) -> None:
    found = rows(links.get(PATH, params={"ID": DID + "part.fits"}).content)
    assert [row["semantics"] for row in found] == ["#this", "#preview", "#cutout", "#cutout"]
    for row in found:
        assert (row["link_auth"], row["link_authorized"]) == ("true", "f")
        assert row["content_sha256"] == ""
        if row["access_url"]:
            assert httpx.get(row["access_url"]).status_code == 404
    refused = links.get("/soda/sync", params={"ID": DID + "part.fits", "CIRCLE": "1 2 3"})
    assert (refused.status_code, refused.text.partition(":")[0]) == (403, "AuthorizationError")


@pytest.mark.parametrize("others", [0, 30])
def test_rows_refer_to_descriptors_that_are_there(links: httpx.Client, others: int) -> None:
    """Of few datasets each has descriptors of its own cutouts; of many all have the same."""
    names = ("several", "plotted.fits", "drawn.fits", "picture.fits", "one.fits", "gone.fits")
    ids = [DID + name for name in names]
    ids += [f"{DID}none-{number}" for number in range(others)]
    document = links.post(PATH, data={"ID": ids}).content
    referred = [row["service_def"] for row in rows(document) if row["service_def"]]
    assert referred.count("package") == 3
    described = valid(document, "VOTable.xsd").findall(f"{VOTABLE}RESOURCE[@type='meta']")
    identities = [service.get("ID") for service in described if service.get("ID")]
    assert set(referred) == set(identities)
    assert len(identities) == len(described) - 1  # nothing refers to the list of links itself
    assert len(identities) == (1 + 2 * 3 if not others else 1 + 2)
    for service in described:
        assert service.get("name")
        assert service.findtext(f"{VOTABLE}DESCRIPTION")
        for each in service.iterfind(f"{VOTABLE}GROUP/{VOTABLE}PARAM"):
            assert each.findtext(f"{VOTABLE}DESCRIPTION")


@pytest.mark.parametrize("name", ["ID", "id", "Id"])
def test_every_way_to_send_identifiers_is_one(links: httpx.Client, name: str) -> None:
    ids = [DID + "several", DID + "one.fits"]
    expected = rows(links.get(PATH, params={"ID": ids}).content)
    assert {row["ID"] for row in expected} == set(ids)
    answers = (
        links.get(PATH, params={name: ids}),
        links.post(PATH, data={name: ids}),
        links.post(PATH, files=[(name, (None, each)) for each in ids]),
        links.post(PATH, params={name: ids[0]}, data={name: ids[1]}),
    )
    for answer in answers:
        assert rows(answer.content) == expected


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("params", [{}, {"ID": ""}])
def test_no_identifier_gives_no_row_and_a_self_description(
    links: httpx.Client, method: str, params: dict[str, str]
) -> None:
    query, form = (params, None) if method == "GET" else (None, params)
    answer = links.request(method, PATH, params=query, data=form)
    assert answer.status_code == 200
    assert rows(answer.content) == []
    (this,) = valid(answer.content, "VOTable.xsd").iterfind(
        f"{VOTABLE}RESOURCE[@utype='adhoc:this']"
    )
    said = {p.get("name"): p.get("value") for p in this.iterfind(f"{VOTABLE}PARAM")}
    assert (said["standardID"], said["accessURL"]) == (STANDARD, str(links.base_url.join(PATH)))


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60))
@example("ivo://a/b?c d+e%20f")
@example("' OR 1=1; --")
@example('{"a",NULL,\\}')
@example("\\'$1 {ids} %s </TD>")
@example("two\nlines\tand\r a tab")
@example(" blanks ")
@example(DATASETS[-1][0])
def test_identifiers_come_back_byte_for_byte(links: httpx.Client, identifier: str) -> None:
    found = rows(links.post(PATH, data={"ID": [identifier, DID + identifier]}).content)
    assert [row["ID"] for row in found] == [identifier, DID + identifier]
    assert found[0]["error_message"].startswith("UsageFault: ") or identifier.startswith("ivo://")
    assert bool(found[1]["access_url"]) == (identifier == DATASETS[-1][0])


def test_what_xml_cannot_hold_is_no_identifier(links: httpx.Client) -> None:
    (row,) = rows(links.get(PATH + "?ID=ivo://a%00b%01").content)
    assert row["error_message"].startswith("NotFoundFault: ")


def test_5000_identifiers_and_more(links: httpx.Client) -> None:
    ids = [f"{DID}{n}" for n in range(5_000)]
    ids[2_500] = DID + "several"
    answer = links.post(PATH, data={"ID": [*ids, ids[7]]})
    found = [row["ID"] for row in rows(answer.content)]
    assert list(dict.fromkeys(found)) == ids
    assert len(found) == 5_003
    assert found[2_500:2_504] == [DID + "several"] * 4
    assert [value for name, value in infos(answer.content) if name == "QUERY_STATUS"] == ["OK"]


def test_too_many_identifiers_overflow_between_two(links: httpx.Client) -> None:
    ids = [f"{DID}{n}" for n in range(10_001)]
    ids[9_999] = DID + "several"
    answer = links.post(PATH, data={"ID": ids})
    found = [row["ID"] for row in rows(answer.content)]
    assert found[-4:] == [DID + "several"] * 4
    assert list(dict.fromkeys(found)) == ids[:-1]
    status = [value for name, value in infos(answer.content) if name == "QUERY_STATUS"]
    assert status == ["OK", "OVERFLOW"]


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("votable", MEDIA_TYPE),
        ("VOTable", MEDIA_TYPE),
        ("application/x-votable+xml", "application/x-votable+xml"),
        ("application/x-votable+xml; content=datalink", MEDIA_TYPE),
        ("application/x-votable+xml;charset=utf-8", "application/x-votable+xml"),
        ("text/xml", "text/xml; charset=utf-8"),
        ("votable/td", "application/x-votable+xml;serialization=tabledata"),
    ],
)
def test_names_of_the_standard_format(links: httpx.Client, asked: str, answered: str) -> None:
    answer = links.get(PATH, params={"ID": DID + "one.fits", "responseformat": asked})
    assert answer.headers["content-type"] == answered
    assert len(rows(answer.content)) == 1


def test_other_formats(links: httpx.Client) -> None:
    params = {"ID": DID + "several", "RESPONSEFORMAT": "csv"}
    lines = list(csv.DictReader(io.StringIO(links.get(PATH, params=params).text)))
    assert [line["semantics"] for line in lines] == ["#this", "#this", "#preview", "#package"]
    params["RESPONSEFORMAT"] = "application/x-votable+xml;serialization=binary2"
    assert b"<BINARY2>" in links.get(PATH, params=params).content


@pytest.mark.parametrize(
    "query", ["RESPONSEFORMAT=pdf", "RESPONSEFORMAT=csv&RESPONSEFORMAT=fits&ID=a"]
)
def test_a_wrong_request_is_a_votable_with_a_fault(links: httpx.Client, query: str) -> None:
    answer = links.get(f"{PATH}?{query}")
    assert answer.status_code == 400
    root = valid(answer.content, "VOTable.xsd")
    (status,) = root.iterfind(f".//{VOTABLE}INFO[@name='QUERY_STATUS']")
    assert status.get("value") == "ERROR"
    assert str(status.text).startswith("UsageFault: ")


def test_a_body_that_is_too_large(links: httpx.Client) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = links.post(PATH, content=b"ID=" + b"x" * (16 << 20), headers=form)
    assert answer.status_code == 413
    assert b"UsageFault: " in answer.content


def test_head(links: httpx.Client) -> None:
    answer = links.head(PATH, params={"ID": DID + "one.fits"})
    assert (answer.content, answer.headers["content-type"]) == (b"", MEDIA_TYPE)


def test_capabilities_and_availability(links: httpx.Client) -> None:
    capabilities = links.get("/datalink/capabilities")
    root = valid(capabilities.content, "capabilities.xsd")
    (found,) = root.iterfind(f"capability[@standardID='{STANDARD}']/interface")
    assert found.findtext("accessURL") == str(links.base_url.join(PATH))
    assert [method.text for method in found.iterfind("queryType")] == ["GET", "POST"]
    assert found.findtext("resultType") == MEDIA_TYPE
    availability = links.get("/datalink/availability")
    assert valid(availability.content, "VOSIAvailability.xsd").findtext("{*}available") == "true"
