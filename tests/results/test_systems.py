"""COOSYS and TIMESYS of results: which columns refer to them, and that readers understand them."""

import io

import pytest
from astropy.io.votable import parse

from adql.columns import ColumnMeta, OutputColumn
from tests.results.conftest import Fetch
from tests.results.sample import SqlQuery
from tests.xsd import valid

_START = "obscore:Char.TimeAxis.Coverage.Bounds.Limits.StartTime"


def _query(*metas: ColumnMeta) -> SqlQuery:
    columns = [
        OutputColumn(meta, f"c{n}", "text" if meta.datatype == "char" else "double precision")
        for n, meta in enumerate(metas, start=1)
    ]
    values = ", ".join(f"NULL::{column.sql_type} AS {column.sql_name}" for column in columns)
    return SqlQuery(columns, f"SELECT {values}")


@pytest.mark.parametrize("form", ["votable", "votable/td"])
async def test_places_and_moments_refer_to_their_systems(fetch: Fetch, form: str) -> None:
    query = _query(
        ColumnMeta("ra", "double", unit="deg", ucd="pos.eq.ra;meta.main"),
        ColumnMeta("dec", "double", unit="deg", ucd="pos.eq.dec;meta.main"),
        ColumnMeta("l", "double", unit="deg", ucd="pos.galactic.lon"),
        ColumnMeta("t_min", "double", unit="d", ucd="time.start", utype=_START),
        ColumnMeta("obs_date", "char", "*", xtype="timestamp"),
        ColumnMeta("mag", "double", unit="mag", ucd="phot.mag"),
        ColumnMeta("fk5", "double", "2", "point", "deg", frame="FK5"),
    )
    document = await fetch(query, form)
    valid(document, "VOTable.xsd")
    resource = parse(io.BytesIO(document)).resources[0]
    assert {c.ID: c.system for c in resource.coordinate_systems} == {
        "icrs": "ICRS",
        "galactic": "galactic",
        "fk5": "eq_FK5",
    }
    times = {t.ID: (t.timeorigin, t.timescale, t.refposition) for t in resource.time_systems}
    assert times == {
        "utc_mjd": ("MJD-origin", "UTC", "TOPOCENTER"),
        "utc": (None, "UTC", "TOPOCENTER"),
    }
    refs = [field.ref for field in resource.tables[0].fields]
    assert refs == ["icrs", "icrs", "galactic", "utc_mjd", "utc", None, "fk5"]


async def test_a_result_without_places_names_no_system(fetch: Fetch) -> None:
    document = await fetch(_query(ColumnMeta("mag", "double", ucd="phot.mag")), "votable/td")
    assert b"SYS" not in document
