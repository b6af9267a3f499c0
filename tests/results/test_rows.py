"""What a stream of rows promises: an end that says how it ended, and no query left behind."""

import asyncio
import gzip
import io
from dataclasses import replace

import asyncpg
import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse, parse_single_table

from adql.columns import ColumnMeta, OutputColumn
from service.errors import StarhaulError, TooMany, UsageError
from service.results.batch import BinaryReader, MalformedRows
from service.results.formats import FORMATS, format_named
from service.results.rows import open_rows
from service.results.stream import encoded
from service.results.wire import CopyForm, wire_columns
from tests.results.conftest import Fetch
from tests.results.sample import SqlQuery, column
from tests.xsd import valid

_NUMBER = column(1, "n", "int", None, "integer")


def _numbers(sql: str) -> SqlQuery:
    return SqlQuery([_NUMBER], sql)


def _series(rows: int) -> SqlQuery:
    return _numbers(f"SELECT i::int AS c1 FROM generate_series(1, {rows:d}) AS i")


def _text(sql: str, sql_type: str = "text", **meta: str) -> SqlQuery:
    described = ColumnMeta("t", "char", "*", **meta)
    return SqlQuery([OutputColumn(described, "c1", sql_type)], sql)


def _statuses(document: bytes) -> list[str]:
    found = parse(io.BytesIO(document)).resources[0].infos
    return [info.value for info in found if info.name == "QUERY_STATUS"]


@pytest.mark.parametrize("form", ["votable", "votable/td"])
@pytest.mark.parametrize(("rows", "maxrec", "kept"), [(0, 0, 0), (3, 3, 3), (4, 3, 3), (3, 0, 0)])
async def test_overflow_only_when_another_row_exists(
    fetch: Fetch, form: str, rows: int, maxrec: int, kept: int
) -> None:
    document = await fetch(_series(rows), form, maxrec)
    assert len(parse_single_table(io.BytesIO(document)).array) == kept
    assert _statuses(document) == (["OK", "OVERFLOW"] if rows > maxrec else ["OK"])
    valid(document, "VOTable.xsd")


async def test_csv_stops_at_maxrec(fetch: Fetch) -> None:
    assert await fetch(_series(9), "csv", 2) == b"n\n1\n2\n"


async def test_csv_keeps_rows_with_newlines_in_values(fetch: Fetch) -> None:
    query = _text(r"SELECT E'a\nb' AS c1 FROM generate_series(1, 2)")
    assert await fetch(query, "csv", 2) == b't\n"a\nb"\n"a\nb"\n'


@pytest.mark.parametrize("form", ["votable", "votable/td"])
async def test_a_failure_on_the_way_ends_a_votable_with_its_reason(fetch: Fetch, form: str) -> None:
    query = _numbers("SELECT 1 / (90000 - i)::int AS c1 FROM generate_series(1, 100000) AS i")
    document = await fetch(query, form)
    assert _statuses(document) == ["OK", "ERROR"]
    assert b"division by zero" in document[-300:]
    valid(document, "VOTable.xsd")


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "parquet", "arrow"])
async def test_a_failure_on_the_way_breaks_off_other_formats(fetch: Fetch, form: str) -> None:
    query = _numbers("SELECT 1 / (90000 - i)::int AS c1 FROM generate_series(1, 100000) AS i")
    with pytest.raises(RuntimeError, match="division by zero"):
        await fetch(query, form)


@pytest.mark.parametrize("form", [form.names[0] for form in FORMATS])
async def test_a_failure_before_the_first_row_is_an_error(fetch: Fetch, form: str) -> None:
    with pytest.raises(UsageError, match="division by zero"):
        await fetch(_numbers("SELECT 1 / (i - 1)::int AS c1 FROM generate_series(1, 9) i"), form)


async def test_text_that_first_appears_late_beyond_ascii_is_an_error_not_a_loss(
    fetch: Fetch,
) -> None:
    query = _text(
        "SELECT CASE WHEN i < 90000 THEN 'plain and long enough' ELSE 'β Pictoris' END AS c1 "
        "FROM generate_series(1, 100000) AS i"
    )
    assert b"declared char" in (await fetch(query, "votable"))[-400:]
    table = parse_single_table(io.BytesIO(await fetch(query, "votable/td"))).array
    assert table["t"][-1] == "β Pictoris"


async def test_text_beyond_ascii_in_the_first_rows_makes_the_column_unicode(fetch: Fetch) -> None:
    document = await fetch(_text("SELECT 'β Pictoris 𝛑' AS c1"), "votable")
    table = parse_single_table(io.BytesIO(document))
    assert table.fields[0].datatype == "unicodeChar"
    assert table.array["t"][0] == "β Pictoris 𝛑"


_MOMENTS = [
    ("2024-02-29 12:34:56.789", "2024-02-29T12:34:56.789"),
    ("0001-01-01 00:00:00", "0001-01-01T00:00:00"),
    ("0001-12-31 00:00:00 BC", "0000-12-31T00:00:00.000000"),
    ("0044-03-15 01:02:03 BC", "-0043-03-15T01:02:03.000000"),
    ("infinity", ""),
    ("-infinity", ""),
]


@pytest.mark.parametrize(("stored", "shown"), _MOMENTS)
@pytest.mark.parametrize("form", ["votable", "votable/td"])
async def test_moments(fetch: Fetch, form: str, stored: str, shown: str) -> None:
    query = _text(f"SELECT '{stored}'::timestamp AS c1", "timestamp", xtype="timestamp")
    assert parse_single_table(io.BytesIO(await fetch(query, form))).array["t"][0] == shown
    aware = _text(f"SELECT '{stored}'::timestamptz AS c1", "timestamptz", xtype="timestamp")
    assert parse_single_table(io.BytesIO(await fetch(aware, form))).array["t"][0] == shown


async def test_metadata_reaches_the_field(fetch: Fetch) -> None:
    meta = ColumnMeta(
        "flux", "double", None, None, "Jy", "phot.flux", "x:Flux", 'Flux < 3 & "more" \x01'
    )
    query = SqlQuery([OutputColumn(meta, "c1", "double precision")], "SELECT 1.5 AS c1")
    document = await fetch(query, "votable")
    field = parse_single_table(io.BytesIO(document)).fields[0]
    assert (field.name, field.unit, field.ucd, field.utype) == ("flux", "Jy", "phot.flux", "x:Flux")
    assert field.description == 'Flux < 3 & "more" \ufffd'
    valid(document, "VOTable.xsd")


async def test_gzip_is_the_same_document(fetch: Fetch) -> None:
    query = _series(50_000)
    packed = await fetch(query, "csv", gzip=True)
    assert gzip.decompress(packed) == await fetch(query, "csv")


async def test_names_of_columns_never_reach_sql(fetch: Fetch) -> None:
    named = replace(_NUMBER, meta=ColumnMeta('x$1"; DROP TABLE public.sample; --', "int"))
    document = await fetch(SqlQuery([named], "SELECT 7 AS c1"), "csv")
    assert document == b'"x$1""; DROP TABLE public.sample; --"\n7\n'


async def _running(pool: "asyncpg.Pool[asyncpg.Record]", mark: str) -> int:
    return await pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1 "
        "AND pid <> pg_backend_pid()",
        f"COPY%{mark}%",
    )


async def test_a_query_without_rows_in_time_is_stopped(
    pool: "asyncpg.Pool[asyncpg.Record]",
) -> None:
    query = _numbers("SELECT 4711 AS c1 FROM pg_sleep(100)")
    with pytest.raises(UsageError, match=r"within 0\.2 s"):
        async with open_rows(pool, query, maxrec=None, timeout_s=0.2):
            pass
    assert await _running(pool, "4711") == 0


@pytest.mark.parametrize("read", [0, 1])
async def test_leaving_a_stream_stops_its_query(
    pool: "asyncpg.Pool[asyncpg.Record]", read: int
) -> None:
    query = _numbers(
        "SELECT i + 4712 AS c1 FROM generate_series(1, 10000) AS i, generate_series(1, 10000)"
    )
    form = format_named("votable")
    async with open_rows(pool, query, maxrec=None, timeout_s=9) as rows:
        assert await _running(pool, "4712") == 1
        pieces = encoded(rows, form)
        for _ in range(read):
            await anext(pieces)
        await pieces.aclose()
    async with asyncio.timeout(10):
        while await _running(pool, "4712"):  # noqa: ASYNC110 (PostgreSQL gives no event)
            await asyncio.sleep(0.02)


async def test_a_slow_client_holds_no_connection(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """What it has not taken waits on disk; nothing is lost, and no query is left running."""
    query = _numbers("SELECT i::int + 4713 AS c1 FROM generate_series(1, 2000000) AS i")
    form = format_named("csv")
    async with open_rows(pool, query, maxrec=None, form=form.form, timeout_s=9) as rows:
        pieces = encoded(rows, form)
        document = await anext(pieces)
        async with asyncio.timeout(30):
            while await _running(pool, "4713"):  # noqa: ASYNC110 (PostgreSQL gives no event)
                await asyncio.sleep(0.02)
        document += b"".join([piece async for piece in pieces])
    found = document.split()
    assert found[0] == b"n"
    assert [int(n) for n in found[1:]] == list(range(4714, 2_004_714))


async def test_busy_slots_are_said_so(
    monkeypatch: pytest.MonkeyPatch, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    monkeypatch.setattr("service.results.rows._SLOT_WAIT_S", 0.2)
    held = [await pool.acquire() for _ in range(pool.get_max_size())]
    try:
        with pytest.raises(TooMany):
            async with open_rows(pool, _series(1), maxrec=None, timeout_s=9):
                pass
    finally:
        for connection in held:
            await pool.release(connection)


def test_rows_that_do_not_fit_together_are_refused() -> None:
    columns = wire_columns([_NUMBER])
    sync = -5
    head = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
    row = b"\x00\x02\x00\x00\x00\x08" + sync.to_bytes(8, "big", signed=True)
    good = row + b"\x00\x00\x00\x04\x00\x00\x00\x01"
    assert BinaryReader(columns, sync).read(head + good * 2 + b"\xff\xff").rows == 2
    for bad in (
        good + b"\x00" + good,
        good[:-1],
        row + b"\x00\x00\x00\x02\x00\x01",
        b"\x00\x03" + good[2:],
        good + b"\xff\xff\xff",
    ):
        with pytest.raises(MalformedRows):
            BinaryReader(columns, sync).read(head + bad)


def test_every_name_of_a_format_finds_it() -> None:
    for form in FORMATS:
        for name in (*form.names, form.media_type):
            assert format_named(name.upper()).names is form.names
    assert format_named('application/x-votable+xml; serialization="TABLEDATA"').names[0] == (
        "votable/td"
    )
    assert format_named("text/csv;charset=utf-8").form is CopyForm.CSV
    for unknown in ("docx", "text/csv;header=absent"):
        with pytest.raises(UsageError, match="votable"):
            format_named(unknown)


@pytest.mark.parametrize(("asked", "answered"), [
    ("text/xml", "text/xml"),
    ("application/x-votable+xml;serialization=BINARY2",
     "application/x-votable+xml;serialization=binary2"),
    ("image/fits", "image/fits"),
    ("text/csv", "text/csv;header=present"),
    ("votable/b2", "application/x-votable+xml"),
])  # fmt: skip
def test_a_media_type_that_was_asked_for_is_that_of_the_answer(asked: str, answered: str) -> None:
    assert format_named(asked).media_type == answered


def test_a_type_that_no_format_carries_is_named() -> None:
    strange = column(1, "z", "doubleComplex", None, "point")
    with pytest.raises(StarhaulError, match="column z"):
        wire_columns([strange])


async def test_parquet_carries_its_votable(fetch: Fetch) -> None:
    meta = ColumnMeta("flux", "double", None, None, "Jy", "phot.flux")
    query = SqlQuery([OutputColumn(meta, "c1", "double precision")], "SELECT 1.5 AS c1")
    schema = pq.read_schema(io.BytesIO(await fetch(query, "parquet")))
    assert schema.metadata[b"IVOA.VOTable-Parquet.version"] == b"1.0"
    root = valid(schema.metadata[b"IVOA.VOTable-Parquet.content"], "VOTable.xsd")
    (field,) = root.iter("{*}FIELD")
    assert (field.get("name"), field.get("unit")) == ("flux", "Jy")
