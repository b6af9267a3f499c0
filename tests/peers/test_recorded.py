"""Each client's requests as they were recorded, replayed against the running archive."""

import io
import re
import time

import pytest
from astropy.io.votable import parse_single_table

from tests.conftest import Stack
from tests.peers.recorded import (
    ALADIN,
    ASTROQUERY_GET,
    ASTROQUERY_POST,
    PYVO,
    STILTS,
    TOPCAT,
    Answer,
    ask,
    chunked,
    post,
)
from tests.xsd import valid

_QUERY = "SELECT TOP 3 obs_id, s_ra FROM ivoa.obscore ORDER BY obs_id"
_UPLOAD = """<?xml version="1.0"?>
<VOTABLE version="{version}" xmlns="http://www.ivoa.net/xml/VOTable/{namespace}"><RESOURCE>
<TABLE nrows="2"><FIELD datatype="int" name="n"><VALUES null="-32768"/></FIELD>
<DATA><TABLEDATA><TR><TD>7</TD></TR><TR><TD>-32768</TD></TR></TABLEDATA></DATA></TABLE>
</RESOURCE></VOTABLE>"""
_JOINED = "SELECT n FROM TAP_UPLOAD.t1 ORDER BY n"


@pytest.fixture(scope="module")
def tap(stack: Stack) -> str:
    return f"{stack.url}/tap"


def _rows(answer: Answer) -> int:
    assert answer.status == 200, answer.body
    return len(parse_single_table(io.BytesIO(answer.body)).array)


def _numbers(answer: Answer) -> list[int | None]:
    assert answer.status == 200, answer.body
    column = parse_single_table(io.BytesIO(answer.body)).to_table()["n"]
    return column.tolist()


def _phase(answer: Answer) -> str:
    return str(valid(answer.body, "UWS.xsd").findtext("{*}phase"))


def test_stilts_async(tap: str) -> None:
    created = post(f"{tap}/async", STILTS, REQUEST="doQuery", LANG="ADQL", QUERY=_QUERY, MAXREC="3")
    job = created.location
    assert created.status == 303
    for name, value in (("executionduration", "60"), ("destruction", "2027-01-01T00:00:00Z")):
        assert post(f"{job}/{name}", STILTS, **{name.upper(): value}).status == 303
    assert post(f"{job}/phase", STILTS, PHASE="RUN").status == 303
    phase = _phase(ask("GET", job, STILTS))
    while phase in ("QUEUED", "EXECUTING"):
        phase = _phase(ask("GET", f"{job}?WAIT=-1&PHASE={phase}", STILTS))
    assert phase == "COMPLETED"
    assert _rows(ask("GET", f"{job}/results/result", STILTS)) == 3
    assert ask("DELETE", job, STILTS).status == 303
    assert ask("GET", job, STILTS).status == 404


def test_stilts_asks_for_another_phase_than_the_job_is_in(tap: str) -> None:
    job = post(f"{tap}/async", STILTS, LANG="ADQL", QUERY=_QUERY).location
    begun = time.monotonic()
    assert _phase(ask("GET", f"{job}?WAIT=-1&PHASE=EXECUTING", STILTS)) == "PENDING"
    assert time.monotonic() - begun < 40  # not LONGEST_WAIT_S


def test_topcat_opens_the_service_and_asks(tap: str) -> None:
    assert ask("GET", f"{tap}/examples", TOPCAT).status in (200, 404)
    valid(ask("GET", f"{tap}/capabilities", TOPCAT).body, "capabilities.xsd")
    count = "SELECT COUNT(*) AS nrow FROM TAP_SCHEMA.columns"
    counted = post(f"{tap}/sync", TOPCAT, REQUEST="doQuery", LANG="ADQL", QUERY=count)
    assert _rows(counted) == 1
    valid(ask("GET", f"{tap}/tables?detail=max", TOPCAT).body, "VOSITables.xsd")
    form = {"REQUEST": "doQuery", "LANG": "ADQL-2.0", "QUERY": _QUERY, "FORMAT": "votable/b2"}
    assert _rows(post(f"{tap}/sync", TOPCAT, **form)) == 3


def test_pyvo_async(tap: str) -> None:
    created = post(f"{tap}/async", PYVO, REQUEST="doQuery", LANG="ADQL", QUERY=_QUERY)
    job = created.location
    for _ in range(2):
        assert _phase(ask("GET", job, PYVO)) == "PENDING"
    phase = _phase(ask("GET", post(f"{job}/phase", PYVO, PHASE="RUN").location, PYVO))
    while phase in ("QUEUED", "EXECUTING"):
        phase = _phase(ask("GET", f"{job}?WAIT=-1", PYVO))
    document = ask("GET", job, PYVO).body.decode()
    (result,) = re.findall(r'xlink:href="([^"]+results/result)"', document)
    assert _rows(ask("GET", result, PYVO)) == 3
    assert ask("DELETE", job, (*PYVO, "Content-Length: 0")).status == 303


@pytest.mark.parametrize("query", [_QUERY, "SELECT nope FROM ivoa.obscore"])
def test_astroquery_async(tap: str, query: str) -> None:
    """It takes the id from Location alone, makes all URLs itself, and polls without User-Agent."""
    created = post(
        f"{tap}/async",
        ASTROQUERY_POST,
        REQUEST="doQuery",
        LANG="ADQL",
        FORMAT="votable",
        tapclient="aqtappy1-20200428.1",
        QUERY=query,
        PHASE="RUN",
    )
    assert created.status == 303
    job = f"{tap}/async/{created.location.rsplit('/', 1)[1]}"
    while (phase := ask("GET", f"{job}/phase", ASTROQUERY_GET)).body in (b"QUEUED", b"EXECUTING"):
        time.sleep(0.02)
    assert phase.headers["content-type"].startswith("text/plain")
    result = ask("GET", f"{job}/results/result", ASTROQUERY_GET)
    if query == _QUERY:
        assert _rows(result) == 3
        return
    error = ask("GET", f"{job}/error", ASTROQUERY_GET)
    assert (result.status, error.status) == (404, 200)
    for answer in (result, error):
        valid(answer.body, "VOTable.xsd")
        assert b"'nope' not found" in answer.body


def test_astroquery_tables_and_jobs(tap: str) -> None:
    """The attribute without which it reads no tables is for it alone: no schema has it."""
    for url in (f"{tap}/tables", f"{tap}/tables?tables=ivoa.obscore"):
        assert b'<column esatapplus:flags="0"' in ask("GET", url, ASTROQUERY_GET).body
    valid(ask("GET", f"{tap}/tables", PYVO).body, "VOSITables.xsd")
    valid(ask("GET", f"{tap}/async", ASTROQUERY_GET).body, "UWS.xsd")


def test_aladin(stack: Stack, tap: str) -> None:
    """Before it loads a file it looks for a HiPS there, which has to fail at once."""
    probe = ask("GET", f"{stack.url}/files/1/properties", ALADIN)
    assert probe.status == 404
    asked = "REQUEST=doQuery&LANG=ADQL&QUERY=SELECT+TOP+3+obs_id+FROM+ivoa.obscore"
    assert _rows(ask("GET", f"{tap}/sync?{asked}", ALADIN)) == 3


def _part(name: str, value: str, *headers: str, file: str | None = None) -> str:
    where = f'; filename="{file}"' if file else ""
    lines = (*headers, f'Content-Disposition: form-data; name="{name}"{where}', "", value)
    return "\r\n".join(lines) + "\r\n"


def _multipart(boundary: str, parts: list[str], preamble: str = "") -> bytes:
    body = "".join(f"--{boundary}\r\n{part}" for part in parts)
    return f"{preamble}{body}--{boundary}--\r\n".encode()


_TEXT = "Content-Type: text/plain; charset=UTF-8"


@pytest.mark.parametrize("resource", ["sync", "async"])
def test_stilts_upload(tap: str, resource: str) -> None:
    """Chunked, with a quoted boundary of odd characters and an empty line before the first."""
    boundary = "<<<--------------MULTIPART-BOUNDARY------->>>"
    document = _UPLOAD.format(version="1.2", namespace="v1.2")
    parts = [
        _part("REQUEST", "doQuery", _TEXT),
        _part("LANG", "ADQL", _TEXT),
        _part("QUERY", _JOINED, _TEXT),
        _part("UPLOAD", "t1,param:upload_t1", _TEXT),
        _part("upload_t1", document, "Content-Type: application/x-votable+xml", file="upload_t1"),
    ]
    body = _multipart(boundary, parts, preamble="\r\n")
    headers = (
        *STILTS,
        f'Content-Type: multipart/form-data; boundary="{boundary}"',
        "Transfer-Encoding: chunked",
    )
    sent = chunked(body[:100], body[100:101], body[101:])
    answer = ask("POST", f"{tap}/{resource}", headers, sent)
    if resource == "async":
        job = answer.location
        post(f"{job}/phase", STILTS, PHASE="RUN")
        answer = _result(job)
    assert sorted(_numbers(answer), key=str) == [7, None]


def test_astroquery_upload(tap: str) -> None:
    """An unquoted boundary with =, a file of type None, PHASE=RUN as a part behind it."""
    boundary = "===1795234688208==="
    document = _UPLOAD.format(version="1.4", namespace="v1.3")
    parts = [
        _part("REQUEST", "doQuery"),
        _part("LANG", "ADQL"),
        _part("tapclient", "aqtappy1-20200428.1"),
        _part("QUERY", _JOINED),
        _part("UPLOAD", "t1,param:t1"),
        _part("PHASE", "RUN"),
        _part("t1", document, file="up.vot").replace(
            "\r\n\r\n", "\r\nContent-Type: None\r\n\r\n", 1
        ),
    ]
    body = _multipart(boundary, parts)
    headers = (
        *ASTROQUERY_POST,
        f"Content-Type: multipart/form-data; boundary={boundary}",
        f"Content-Length: {len(body)}",
    )
    created = ask("POST", f"{tap}/async", headers, body)
    assert created.status == 303, created.body
    assert sorted(_numbers(_result(created.location)), key=str) == [7, None]


def test_pyvo_upload(tap: str) -> None:
    """Parts without types, a length, a boundary of 32 hexadecimal digits."""
    boundary = "0123456789abcdef" * 2
    document = _UPLOAD.format(version="1.4", namespace="v1.3")
    parts = [
        _part("REQUEST", "doQuery"),
        _part("LANG", "ADQL"),
        _part("QUERY", _JOINED),
        _part("UPLOAD", "t1,param:t1"),
        _part("t1", document, file="t1"),
    ]
    body = _multipart(boundary, parts)
    headers = (
        *PYVO,
        f"Content-Type: multipart/form-data; boundary={boundary}",
        f"Content-Length: {len(body)}",
    )
    plain = tuple(h for h in headers if not h.startswith("Accept-Encoding"))
    assert sorted(_numbers(ask("POST", f"{tap}/sync", plain, body)), key=str) == [7, None]


def _result(job: str) -> Answer:
    phase = "QUEUED"
    while phase in ("QUEUED", "EXECUTING"):
        phase = _phase(ask("GET", f"{job}?WAIT=-1&PHASE={phase}", STILTS))
    return ask("GET", f"{job}/results/result", STILTS)
