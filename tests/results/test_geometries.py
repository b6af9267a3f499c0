"""Geometry-valued columns come out of every format as DALI arrays (DALI 1.1 §3.3)."""

import csv
import io
import json

import asyncpg
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse_single_table

import adql
from adql.catalogue import Column, Table
from adql.columns import ColumnMeta
from schema.catalogue import TableCatalogue
from tests.results.conftest import Fetch
from tests.results.sample import SqlQuery

_VALUES: dict[str, tuple[str, str, list[float] | None]] = {
    "POINT(ra, -2)": ("point", "2", [10.5, -2]),
    "CIRCLE(ra, 20, 0.25)": ("circle", "3", [10.5, 20, 0.25]),
    "POLYGON(ra, 1, 2, 3, 4, 5.125)": ("polygon", "*", [10.5, 1, 2, 3, 4, 5.125]),
    "CENTROID(CIRCLE(-10, ra, 1))": ("point", "2", [350, 10.5]),
    "POINT(ra, ra + 89) AS nowhere": ("point", "2", None),
}


@pytest.fixture
async def query(pool: "asyncpg.Pool[asyncpg.Record]") -> SqlQuery:
    """One row of each kind of geometry, and one that is NULL."""
    await pool.execute(
        "CREATE TABLE IF NOT EXISTS public.one AS SELECT 10.5::double precision AS ra"
    )
    ra = Column(ColumnMeta("ra", "double", unit="deg"), "ra", "double precision")
    catalogue = TableCatalogue((Table("public", "one", "public.one", (ra,)),))
    translation = adql.translate(f"SELECT {', '.join(_VALUES)} FROM one", catalogue)
    return SqlQuery(list(translation.columns), translation.literal_sql())


@pytest.mark.parametrize("form", ["votable", "votable/td"])
async def test_votable(form: str, fetch: Fetch, query: SqlQuery) -> None:
    table = parse_single_table(io.BytesIO(await fetch(query, form)))
    for field, (xtype, size, wanted) in zip(table.fields, _VALUES.values(), strict=True):
        assert (field.xtype, field.arraysize, field.datatype) == (xtype, size, "double")
        assert str(field.unit) == "deg"
        found = np.ma.asarray(table.array[field.ID][0], dtype=float)
        if wanted is None:
            assert np.all(np.ma.getmaskarray(found) | np.isnan(np.ma.getdata(found)))
        else:
            assert found.tolist() == wanted


async def test_text_and_parquet(fetch: Fetch, query: SqlQuery) -> None:
    wanted = [numbers for _, _, numbers in _VALUES.values()]
    _, cells = csv.reader(io.StringIO((await fetch(query, "csv")).decode()))
    assert [[float(n) for n in cell.split()] or None for cell in cells] == wanted
    document = json.loads(await fetch(query, "json"))
    assert list(document["data"][0]) == wanted
    parquet = pq.read_table(io.BytesIO(await fetch(query, "parquet")))
    assert [column[0].as_py() for column in parquet.columns] == wanted
