"""What the service says of itself is valid by the IVOA's schemas, and equal to TAP_SCHEMA."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from lxml import etree

from service.config import Settings
from service.vosi.availability import availability_document
from tests.conftest import run
from tests.serving import Service
from tests.xsd import valid

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


@pytest.fixture(scope="module")
def client(service: Service) -> httpx.Client:
    return httpx.Client(base_url=service.url)


def _root(client: httpx.Client, path: str, schema: str) -> etree._Element:
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/xml")
    return valid(response.content, schema)


def test_capabilities(client: httpx.Client, service: Service) -> None:
    root = _root(client, "/tap/capabilities", "capabilities.xsd")
    found = {c.get("standardID"): c for c in root.iter("capability")}
    tap = found["ivo://ivoa.net/std/TAP"]
    assert tap.get(_XSI_TYPE) == "tr:TableAccess"
    assert tap.findtext("interface/accessURL") == f"{service.url}/tap"
    everybody, who_logs_in = tap.iterfind("interface")
    assert (everybody.get("role"), everybody.find("securityMethod")) == ("std", None)
    assert who_logs_in.find("securityMethod[@standardID='ivo://ivoa.net/sso#BasicAA']") is not None
    assert [v.text for v in tap.iterfind("language/version")] == ["2.1", "2.0"]
    methods = [method.get("ivo-id") for method in tap.iterfind("uploadMethod")]
    assert methods == [
        f"ivo://ivoa.net/std/TAPRegExt#upload-{name}" for name in ("inline", "http", "https")
    ]
    limits = [tap.find(f"uploadLimit/{kind}") for kind in ("default", "hard")]
    assert [(e.get("unit"), e.text) for e in limits if e is not None] == [
        ("byte", str(Settings().upload_bytes))
    ] * 2
    for kind in ("capabilities", "availability", "tables-1.1"):
        url = found[f"ivo://ivoa.net/std/VOSI#{kind}"].findtext("interface/accessURL")
        assert httpx.get(url).status_code == 200


def test_limits_by_mode_and_as_json(client: httpx.Client) -> None:
    """The draft's forMode beside what TAPRegExt 1.0 can say, and the same for programs."""
    plain = _root(client, "/tap/capabilities", "capabilities.xsd")
    (duration,) = plain.iter("executionDuration")
    limits = client.get("/tap/limits").json()
    jobs = limits["async"]
    assert [int(limit.text or 0) for limit in duration] == [
        jobs["execution_duration"],
        jobs["longest_execution_duration"],
    ]
    assert plain.findtext(".//retentionPeriod/default") == str(jobs["lifetime"])
    assert plain.findtext(".//uploadLimit/hard") == str(limits["upload"]["bytes"])
    assert not list(plain.iter("outputLimit"))  # nothing limits a result but MAXREC
    draft = etree.fromstring(client.get("/tap/capabilities?draft=1.1").content)
    by_mode = {d.get("forMode"): d.findtext("hard") for d in draft.iter("executionDuration")}
    assert by_mode == {
        None: str(jobs["longest_execution_duration"]),
        "sync": f"{limits['sync']['seconds_to_first_row']:g}",
    }
    assert client.get("/tap/capabilities?draft=9").status_code == 400


def test_each_declared_format_is_what_comes_back(client: httpx.Client) -> None:
    tap = _root(client, "/tap/capabilities", "capabilities.xsd")
    for form in tap.iter("outputFormat"):
        names = [e.text for e in form if e.tag in ("mime", "alias")]
        for name in names:
            query = {"LANG": "ADQL", "QUERY": "SELECT TOP 1 id FROM demo.stars"}
            response = client.get("/tap/sync", params={**query, "RESPONSEFORMAT": name})
            assert response.status_code == 200, name
            # A media type that was asked for is that of the answer (DALI 1.1 §3.4.3).
            echoed = name if name in ("text/xml", "image/fits", "application/parquet") else None
            echoed = name if name and name.endswith("=binary2") else echoed
            media_type = response.headers["content-type"].split("; charset")[0]
            assert media_type == (echoed or form.findtext("mime")), name


def test_availability(client: httpx.Client) -> None:
    root = _root(client, "/tap/availability", "VOSIAvailability.xsd")
    assert root.findtext("{*}available") == "true"


def test_availability_without_a_database() -> None:
    async def ask() -> bytes:
        async with asyncpg.create_pool("postgresql://x@127.0.0.1:9/x", min_size=0) as pool:
            return await availability_document(pool)

    root = valid(run(ask()), "VOSIAvailability.xsd")
    assert root.findtext("{*}available") == "false"
    assert "database" in (root.findtext("{*}note") or "")


async def _tap_schema(url: str, query: str) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(url)
    try:
        return [dict(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


def test_tables_equal_tap_schema(client: httpx.Client, service: Service) -> None:
    root = _root(client, "/tap/tables", "VOSITables.xsd")
    found = []
    for table in root.iter("table"):
        for column in table.iter("column"):
            datatype = column.find("dataType")
            assert datatype is not None
            flags = [flag.text for flag in column.iter("flag")]
            found.append(
                {
                    "table_name": table.findtext("name"),
                    "column_name": column.findtext("name"),
                    "datatype": datatype.text,
                    "arraysize": datatype.get("arraysize"),
                    "xtype": datatype.get("extendedType"),
                    **{name: column.findtext(name) for name in ("description", "unit", "ucd")},
                    "utype": column.findtext("utype"),
                    **{name: int(name in flags) for name in ("indexed", "principal", "std")},
                }
            )
    query = (
        "SELECT table_name, column_name, datatype, arraysize, xtype, c.description, unit, ucd, "
        "c.utype, indexed, principal, std FROM tap_schema.columns c "
        "JOIN tap_schema.tables t USING (table_name) JOIN tap_schema.schemas s USING (schema_name) "
        "ORDER BY schema_index, table_index, column_index"
    )
    assert found == asyncio.run(_tap_schema(service.database_url, query))


def test_tables_without_columns(client: httpx.Client) -> None:
    root = _root(client, "/tap/tables?detail=min", "VOSITables.xsd")
    assert "demo.stars" in [table.findtext("name") for table in root.iter("table")]
    assert not list(root.iter("column", "foreignKey"))


def test_one_table(client: httpx.Client) -> None:
    root = _root(client, "/tap/tables/DEMO.stars", "VOSITables.xsd")
    assert root.findtext("name") == "demo.stars"
    assert root.findtext("description") == 'Stars <made> & "counted"'
    assert len(list(root.iter("column"))) == 9
    keys = _root(client, "/tap/tables/tap_schema.tables", "VOSITables.xsd")
    assert keys.findtext("foreignKey/targetTable") == "tap_schema.schemas"


@pytest.mark.parametrize("path", ["/tap/tables/no.such", "/tap/tables?detail=much"])
def test_wrong_requests(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code in (400, 404)
    assert response.json()["detail"]
