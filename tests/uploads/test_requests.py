"""UPLOAD as it can be written, and everything that can be wrong with it."""

import gzip
import os
import socket
import time
from io import BytesIO

import asyncpg
import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.tables.names import as_written
from tests.conftest import CI, run
from tests.serving import Service
from tests.uploads.conftest import ALL, COUNT, SMALL, UPLOAD_BYTES, Uploading, votable

_SHARED = [HealthCheck.function_scoped_fixture]


WRONG = [
    ("t", "is no NAME,URI"),
    ("t,", "is no NAME,URI"),
    (",param:x", "is no name for a table"),
    ("t,x", "an upload comes from param:, http: or https:"),
    ("t,ftp://example.org/t.vot", "an upload comes from param:, http: or https:"),
    ("t,vos://authority/t.vot", "an upload comes from param:, http: or https:"),
    ("t,file:///etc/passwd", "an upload comes from param:, http: or https:"),
    ("t,https:///t.vot", "names no host"),
    ("1t,param:t", "is no name for a table"),
    ("tap_upload.x.y,param:t", "is no name for a table"),
    ("my_schema.x,param:t", "is no name for a table"),
    ("t,param:t;T,param:t", "upload T is given twice"),
    ("t,param:u", "upload t: the request has no file named 'u'; it has 't'"),
]


@pytest.mark.parametrize(("value", "said"), WRONG, ids=[value for value, _ in WRONG])
def test_what_is_wrong_is_said(uploading: Uploading, value: str, said: str) -> None:
    assert said in uploading.error("SELECT 1 AS one FROM TAP_UPLOAD.t", {"t": SMALL}, UPLOAD=value)


BAD_FILES = [
    (b"", "upload t: "),
    (b"<VOTABLE><RESOURCE><TABLE>", "upload t: line 1, column 27: not a whole XML document"),
    (SMALL.replace(b"<TD>2</TD>", b"<TD>two</TD>"), "upload t, row 2, column a: 'two' is no"),
    (SMALL.replace(b"<TD>2</TD>", b"<TD>2</TD><TD>3</TD>"), "upload t, row 2: line"),
    (SMALL[: len(SMALL) // 2], "not a whole XML document"),
    (b"\0\1\2\3", "it is no VOTable, FITS, Parquet, ECSV or CSV file"),
    (b"PAR1 nothing", "upload t: "),
    (b"SIMPLE  =                    T", "upload t: not a readable FITS file"),
    (gzip.compress(SMALL)[:-20], "it cannot be unpacked to its end"),
    (",".join(f"c{i}" for i in range(1600)).encode(), "it has 1600 columns; the most is 1500"),
]


@pytest.mark.parametrize(("content", "said"), BAD_FILES, ids=range(len(BAD_FILES)))
def test_bad_files_are_the_users_errors(uploading: Uploading, content: bytes, said: str) -> None:
    message = uploading.error(ALL, {"t": content})
    assert said in message
    assert "/" not in message.replace("http://", "").replace("FITS/", "")  # no path of ours
    assert uploading.leaves_nothing()


@given(data=st.data())
@settings(max_examples=200 if CI else 30, suppress_health_check=_SHARED)
def test_damaged_files_are_never_our_errors(uploading: Uploading, data: st.DataObject) -> None:
    """Octets changed anywhere: the rows come back, or a message for the user."""
    form = data.draw(st.sampled_from(["tabledata", "binary", "binary2", "fits", "parquet"]))
    table = Table({"a": [1, 2, 3], "b": ["x", "yy", "zzz"], "c": [[1.0, 2], [3, 4], [5, 6]]})
    if form in ("fits", "parquet"):
        table.remove_column("c")
        written = BytesIO()
        if form == "fits":
            table.write(written, format="fits")
        else:
            pq.write_table(pa.table({name: list(table[name]) for name in table.colnames}), written)
        content = bytearray(written.getvalue())
    else:
        content = bytearray(votable(table, form))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    answer = uploading.post(ALL, {"t": bytes(content)})
    assert answer.status_code in (200, 400), answer.text


def test_an_entity_is_not_expanded(uploading: Uploading) -> None:
    lines = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 20))
    bomb = f'<?xml version="1.0"?><!DOCTYPE V [<!ENTITY e0 "x">{lines}]><VOTABLE>&e19;</VOTABLE>'
    assert "declares the entity 'e0'" in uploading.error(ALL, {"t": bomb.encode()})
    file = b'<!DOCTYPE V [<!ENTITY f SYSTEM "file:///etc/passwd">]><VOTABLE>&f;</VOTABLE>'
    assert "declares the entity 'f'" in uploading.error(ALL, {"t": file})


def test_a_bomb_is_not_unpacked(uploading: Uploading) -> None:
    bomb = gzip.compress(b"a\n" + b"1\n" * (8 * UPLOAD_BYTES))
    assert len(bomb) < UPLOAD_BYTES / 10
    assert f"it unpacks to more than {UPLOAD_BYTES} bytes" in uploading.error(ALL, {"t": bomb})
    assert uploading.table(COUNT, {"t": gzip.compress(SMALL)})["n"].tolist() == [3]


def test_too_much_is_refused_before_it_is_read(uploading: Uploading) -> None:
    """By its Content-Length at once; chunked, as soon as the limit is passed."""
    host, port = uploading.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        client.sendall(
            b"POST /tap/sync HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        )
        assert client.recv(4096).startswith(b"HTTP/1.1 413")
    begun = time.monotonic()
    message = uploading.error(ALL, {"t": b"a\n" + b"1\n" * UPLOAD_BYTES})
    assert f"larger than {UPLOAD_BYTES} bytes" in message
    assert time.monotonic() - begun < 60
    assert uploading.leaves_nothing()


def test_a_client_that_goes_away_leaves_nothing(uploading: Uploading) -> None:
    host, port = uploading.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        client.sendall(
            b"POST /tap/sync HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
            b'Content-Disposition: form-data; name="t"; filename="t"\r\n\r\n' + b"x" * 100_000
        )
        deadline = time.monotonic() + 10
        while not uploading.leftovers() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert uploading.leftovers()
    assert uploading.leaves_nothing()


def _body(boundary: bytes, parts: list[tuple[bytes, bytes]], preamble: bytes = b"") -> bytes:
    written = b"".join(b"--%s\r\n%s\r\n\r\n%s\r\n" % (boundary, *part) for part in parts)
    return preamble + written + b"--%s--\r\n" % boundary


# Boundaries, preambles and headers of parts as STILTS, pyvo, astroquery and curl send them.
FORMS = {
    "stilts": (
        'boundary="<<<--------------MULTIPART-BOUNDARY------->>>"',
        b"\r\n",
        b"Content-Type: text/plain; charset=UTF-8\r\nContent-Disposition: form-data; ",
        b'Content-Disposition: form-data; name="up"; filename="up"\r\n'
        b"Content-Type: application/x-votable+xml",
    ),
    "pyvo": (
        "boundary=0123456789abcdef0123456789abcdef",
        b"",
        b"Content-Disposition: form-data; ",
        b'Content-Disposition: form-data; name="up"; filename="up"',
    ),
    "astroquery": (
        "boundary====1795234688208===",
        b"",
        b"Content-Disposition: form-data; ",
        b'Content-Disposition: form-data; name="up"; filename="up.vot"\r\nContent-Type: None',
    ),
    "no filename": (
        "boundary=b",
        b"",
        b"content-disposition: form-data; ",
        b'content-type: application/x-votable+xml\r\ncontent-disposition: form-data; name="up"',
    ),
}


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("client", FORMS)
def test_bodies_as_clients_write_them(uploading: Uploading, client: str, chunked: bool) -> None:
    """The file comes before UPLOAD names it."""
    said, preamble, text, file = FORMS[client]
    texts = {b"QUERY": COUNT.encode(), b"LANG": b"ADQL", b"UPLOAD": b"t,param:up"}
    parts = [(file, SMALL), *((text + b'name="%s"' % k, v) for k, v in texts.items())]
    boundary = said.removeprefix("boundary=").strip('"').encode()
    body = _body(boundary, [*parts, (text + b'name="RESPONSEFORMAT"', b"csv")], preamble)
    answer = httpx.post(
        f"{uploading.url}/tap/sync",
        content=iter([body[i : i + 7] for i in range(0, len(body), 7)]) if chunked else body,
        headers={"Content-Type": f"multipart/form-data; {said}"},
    )
    assert answer.text.split() == ["n", "3"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--b--"),
        ("multipart/form-data; boundary=b", b"no boundary"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a'),
    ],
)
def test_broken_bodies(uploading: Uploading, kind: str, body: bytes) -> None:
    url = f"{uploading.url}/tap/sync"
    answer = httpx.post(url, content=body, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert b'value="ERROR"' in answer.content


def test_names_of_parts_are_no_paths(uploading: Uploading) -> None:
    name = f"../../../{os.urandom(4).hex()}"
    found = uploading.table(COUNT, {name: SMALL}, UPLOAD=f"t,param:{name}")
    assert found["n"].tolist() == [3]


def test_names_of_tables(uploading: Uploading) -> None:
    for name in ("my table", "select", "tap_schema", 'a"b'):
        written = as_written(name)
        query = f"SELECT COUNT(*) AS n FROM TAP_UPLOAD.{written}"
        found = uploading.table(query, {"up": SMALL}, UPLOAD=f"{written},param:up")
        assert found["n"].tolist() == [3]


def test_the_query_is_checked_with_the_uploads_names(uploading: Uploading) -> None:
    assert "'aa' not found" in uploading.error("SELECT aa FROM TAP_UPLOAD.t", {"t": SMALL})
    near = uploading.error("SELECT a FROM TAP_UPLOAD.mime", {"mine": SMALL})
    assert "did you mean TAP_UPLOAD.mine" in near
    absent = uploading.error("SELECT a FROM TAP_UPLOAD.stars", {"t": SMALL})
    assert "send it with the query, and UPLOAD=stars,param:stars" in absent


async def _relations(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetchval(
            "SELECT COUNT(*) FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'"
        )
    finally:
        await connection.close()
    return int(found)


def test_nothing_is_left_in_the_database(uploading: Uploading, service: Service) -> None:
    uploading.table(COUNT, {"t": SMALL})
    uploading.error(
        "SELECT 1 / (a - a) AS b FROM TAP_UPLOAD.t WHERE CAST(b AS x) = 1", {"t": SMALL}
    )
    assert run(_relations(service.database_url)) == 0


def test_clients_that_give_up_leave_their_slots(uploading: Uploading, service: Service) -> None:
    """More of them than the API has connections for queries."""
    slow = "SELECT COUNT(*) AS n FROM TAP_UPLOAD.t AS t, demo.stars AS a, demo.stars AS b"
    for _ in range(10):
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{uploading.url}/tap/sync",
                data={"LANG": "ADQL", "QUERY": slow, "UPLOAD": "t,param:t"},
                files={"t": ("t", SMALL)},
                timeout=0.4,
            )
    assert uploading.table(COUNT, {"t": SMALL})["n"].tolist() == [3]
    assert uploading.leaves_nothing()


async def _allow_temporary(url: str, allowed: bool) -> None:
    connection = await asyncpg.connect(url)
    try:
        name = await connection.fetchval("SELECT quote_ident(current_database())")
        verb, to = ("GRANT", "TO") if allowed else ("REVOKE", "FROM")
        await connection.execute(f"{verb} TEMPORARY ON DATABASE {name} {to} PUBLIC")
    finally:
        await connection.close()


def test_a_database_that_takes_no_uploads(uploading: Uploading, service: Service) -> None:
    run(_allow_temporary(service.database_url, False))
    assert "takes no uploads" in uploading.error(COUNT, {"t": SMALL})
    run(_allow_temporary(service.database_url, True))
    assert uploading.table(COUNT, {"t": SMALL})["n"].tolist() == [3]


def test_the_limit_is_for_all_files_together(uploading: Uploading) -> None:
    most = b"a\n" + b"1\n" * (UPLOAD_BYTES // 2 - 2000)
    assert uploading.post(COUNT, {"t": most}).status_code == 200
    second = gzip.compress(b"a\n" + b"1\n" * 3000)
    query = "SELECT COUNT(*) AS n FROM TAP_UPLOAD.t, TAP_UPLOAD.u"
    message = uploading.error(query, {"t": most, "u": second})
    assert message.startswith("upload u: it unpacks to more than")
