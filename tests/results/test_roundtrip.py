"""Arbitrary values of every type, from PostgreSQL through each format to an independent reader."""

import csv
import io
import json
import math
from typing import Any

import asyncpg
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse_single_table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.results.conftest import TABLE, Fetch
from tests.results.sample import KINDS, sample_query

_ints = {
    "octet": st.integers(0, 255),
    "small": st.integers(-(2**15), 2**15 - 1),
    "number": st.integers(-(2**31), 2**31 - 1),
    "big": st.integers(-(2**63), 2**63 - 1),
}
_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
_ascii = st.text(st.characters(min_codepoint=1, max_codepoint=127))
_values: dict[str, st.SearchStrategy[Any]] = {
    "flag": st.booleans(),
    **_ints,
    "single": st.floats(width=32),
    "precise": st.floats(),
    "plain": _ascii,
    "wide": _text,
    "doubles": st.lists(st.none() | st.floats(), max_size=4),
    "numbers": st.lists(st.none() | st.integers(-(2**31) + 1, 2**31 - 1), max_size=4),
    "pair": st.lists(st.floats(width=32), min_size=2, max_size=2),
    "flags": st.lists(st.booleans(), max_size=4),
    "octets": st.binary(max_size=4),
}
_NAMES = [kind[0] for kind in KINDS]
rows_strategy = st.lists(st.tuples(*(st.none() | _values[name] for name in _NAMES)), max_size=4)
_with_pool = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

Rows = list[tuple[Any, ...]]


async def fill(pool: "asyncpg.Pool[asyncpg.Record]", rows: Rows) -> None:
    await pool.execute(f"TRUNCATE {TABLE}")
    schema, _, name = TABLE.partition(".")
    await pool.copy_records_to_table(
        name, schema_name=schema, records=[(n, *row) for n, row in enumerate(rows)]
    )


def same_number(found: Any, given: float, dtype: type[np.floating[Any]]) -> bool:
    wanted = dtype(given)
    return bool(found == wanted or (math.isnan(found) and math.isnan(wanted)))


def _as_xml(text: str) -> str:
    """What XML can keep of a text."""
    return "".join(c if c in "\t\n\r" or " " <= c not in "\ufffe\uffff" else "\ufffd" for c in text)


def _is_null(value: Any) -> bool:
    return value is np.ma.masked or bool(np.all(np.ma.getmaskarray(value)))


def _check(name: str, found: Any, given: Any, *, xml: bool) -> None:
    """One value as astropy reads it against the one that went in."""
    if name in ("plain", "wide"):
        wanted = given or ""
        # astropy strips cells; test_cells_keep_their_blanks reads them without it.
        assert found.strip() == _as_xml(wanted).strip() if xml else found == wanted
    elif name in ("doubles", "numbers", "flags", "octets"):
        elements = [] if given is None else list(given)
        assert len(found) == len(elements)
        for one, element in zip(found, elements, strict=True):
            if element is None:
                assert _is_null(one) or math.isnan(one)
            elif name == "doubles":
                assert same_number(one, element, np.float64)
            else:
                assert one == element
    elif given is None:
        assert _is_null(found) or np.all(np.isnan(np.asarray(found, float)))
    elif name == "pair":
        assert all(same_number(one, x, np.float32) for one, x in zip(found, given, strict=True))
    elif name in ("single", "precise"):
        assert same_number(found, given, np.float32 if name == "single" else np.float64)
    else:
        assert found == given


@pytest.mark.parametrize("form", ["votable", "votable/td"])
@_with_pool
@given(rows=rows_strategy)
async def test_votable(
    form: str, rows: Rows, pool: "asyncpg.Pool[asyncpg.Record]", fetch: Fetch
) -> None:
    await fill(pool, rows)
    document = await fetch(sample_query(TABLE), form)
    table = parse_single_table(io.BytesIO(document)).array
    assert len(table) == len(rows)
    for n, row in enumerate(rows):
        for name, value in zip(_NAMES, row, strict=True):
            _check(name, table[name][n], value, xml=form == "votable/td")


@_with_pool
@given(rows=rows_strategy)
async def test_cells_keep_their_blanks(
    rows: Rows, pool: "asyncpg.Pool[asyncpg.Record]", fetch: Fetch
) -> None:
    await fill(pool, rows)
    cells = etree.fromstring(await fetch(sample_query(TABLE), "votable/td")).iter("{*}TR")
    for found, row in zip(cells, rows, strict=True):
        for name, one, value in zip(_NAMES, found, row, strict=True):
            if name in ("plain", "wide"):
                assert (one.text or "") == _as_xml(value or "")


def _from_text(name: str, cell: str) -> Any:
    """A value of CSV, as its column's type says; "" is NULL or an empty text."""
    if name in ("plain", "wide"):
        return cell
    if cell == "":
        return None
    if name == "flag":
        return {"true": True, "false": False}[cell]
    return int(cell) if name in _ints else float(cell)


_SCALARS = [name for name in _NAMES if name in ("flag", "single", "precise", "plain", "wide")]
_SCALARS += list(_ints)


@pytest.mark.parametrize(("form", "separator"), [("csv", ","), ("tsv", "\t")])
@_with_pool
@given(rows=rows_strategy)
async def test_separated(
    form: str, separator: str, rows: Rows, pool: "asyncpg.Pool[asyncpg.Record]", fetch: Fetch
) -> None:
    await fill(pool, rows)
    text = (await fetch(sample_query(TABLE), form)).decode()
    header, *found = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    assert header == _NAMES
    assert len(found) == len(rows)
    for cells, row in zip(found, rows, strict=True):
        for name, cell, value in zip(_NAMES, cells, row, strict=True):
            if name not in _SCALARS:
                continue
            one = _from_text(name, cell)
            if isinstance(value, float):
                assert same_number(one, value, np.float32 if name == "single" else np.float64)
            else:
                assert one == ("" if value is None and name in ("plain", "wide") else value)


_NOT_IN_JSON = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@_with_pool
@given(rows=rows_strategy)
async def test_json(rows: Rows, pool: "asyncpg.Pool[asyncpg.Record]", fetch: Fetch) -> None:
    await fill(pool, rows)
    document = json.loads(await fetch(sample_query(TABLE), "json"))
    assert [column["name"] for column in document["columns"]] == _NAMES
    assert len(document["data"]) == len(rows)
    for found, row in zip(document["data"], rows, strict=True):
        for name, one, value in zip(_NAMES, found, row, strict=True):
            if name == "octets":
                assert one == (None if value is None else list(value))
            elif isinstance(value, float):
                number = _NOT_IN_JSON.get(one, one) if isinstance(one, str) else one
                assert same_number(number, value, np.float32 if name == "single" else np.float64)
            elif name not in ("doubles", "pair"):
                assert one == value


def _columnar(form: str, document: bytes) -> pa.Table:
    if form == "parquet":
        return pq.read_table(io.BytesIO(document))
    return pa.ipc.open_stream(document).read_all()


@pytest.mark.parametrize("form", ["parquet", "arrow"])
@_with_pool
@given(rows=rows_strategy)
async def test_columnar(
    form: str, rows: Rows, pool: "asyncpg.Pool[asyncpg.Record]", fetch: Fetch
) -> None:
    await fill(pool, rows)
    table = _columnar(form, await fetch(sample_query(TABLE), form))
    assert table.column_names == _NAMES
    assert table.num_rows == len(rows)
    for found, row in zip(table.to_pylist(), rows, strict=True):
        for name, value in zip(_NAMES, row, strict=True):
            one = found[name]
            if value is None:
                assert one is None
            elif isinstance(value, float):
                assert same_number(one, value, np.float32 if name == "single" else np.float64)
            elif name in ("doubles", "pair"):
                kind = np.float64 if name == "doubles" else np.float32
                wanted = [math.nan if element is None else element for element in value]
                assert all(same_number(a, b, kind) for a, b in zip(one, wanted, strict=True))
            else:
                assert one == (list(value) if name == "octets" else value)
