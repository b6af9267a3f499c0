"""FITS results as astropy and STILTS read them: every value, every description."""

import io
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import pytest
from astropy.io import fits
from astropy.io.votable import parse_single_table
from hypothesis import HealthCheck, given, settings

from adql.columns import ColumnMeta, OutputColumn
from service.errors import StarhaulError
from tests.results.conftest import TABLE, Fetch
from tests.results.sample import KINDS, SqlQuery, column, sample_query
from tests.results.test_roundtrip import Rows, fill, rows_strategy, same_number

_NAMES = [kind[0] for kind in KINDS]


def _opened(document: bytes) -> Any:
    assert len(document) % 2880 == 0
    hdus = fits.open(io.BytesIO(document))
    hdus.verify("exception")
    return hdus[1]


def _as_fits(text: str) -> str:
    """What FITS can keep of a text: printable ASCII; readers drop blanks at the end."""
    kept = "".join(c if " " <= c <= "~" else " " if c in "\t\n\r" else "?" for c in text)
    return kept.rstrip(" ")


def _stilts(stilts: str, *arguments: str) -> str:
    command = [stilts, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def _as_csv(stilts: str, path: Path) -> list[str]:
    """The rows as STILTS reads them."""
    return _stilts(stilts, "tpipe", f"in={path}", "ofmt=csv", "omode=out").splitlines()[1:]


def _check(name: str, found: Any, given: Any, null: Any) -> None:
    if name in ("plain", "wide"):
        assert found == _as_fits(given or "")
    elif name in ("doubles", "numbers", "flags", "octets"):
        elements = [] if given is None else list(given)
        assert len(found) == len(elements)
        for one, element in zip(found, elements, strict=True):
            if element is None:
                assert np.isnan(one) if name == "doubles" else one == -(2**31)
            else:
                assert one == element or (element != element and np.isnan(one))
    elif name == "pair":
        wanted = [np.nan, np.nan] if given is None else given
        assert all(same_number(one, x, np.float32) for one, x in zip(found, wanted, strict=True))
    elif name in ("single", "precise"):
        dtype = np.float32 if name == "single" else np.float64
        assert same_number(found, np.nan if given is None else given, dtype)
    elif name == "flag":
        assert given is None or found == given
    else:
        assert found == (null if given is None else given)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows_strategy)
async def test_values(rows: Rows, pool: "asyncpg.Pool[asyncpg.Record]", fetch: Fetch) -> None:
    await fill(pool, rows)
    table = _opened(await fetch(sample_query(TABLE), "fits"))
    assert table.columns.names == _NAMES
    assert len(table.data) == len(rows)
    for n, row in enumerate(rows):
        for name, value in zip(_NAMES, row, strict=True):
            _check(name, table.data[name][n], value, table.columns[name].null)


async def test_null_of_integers_that_use_every_extreme(fetch: Fetch) -> None:
    """The value for NULL is one that no row holds; a column without a free one becomes wider."""
    query = SqlQuery(
        [OutputColumn(ColumnMeta("a", "short"), "c1", "smallint")],
        "SELECT a AS c1 FROM unnest(ARRAY[-32768, 32767, -32767, 5, NULL]::smallint[]) AS a",
    )
    table = _opened(await fetch(query, "fits"))
    assert table.columns["a"].format == "1J"
    values = list(table.data["a"])
    assert values[:4] == [-32768, 32767, -32767, 5]
    assert values[4] == table.columns["a"].null


async def test_long_texts_lie_in_the_heap(
    fetch: Fetch, require_tool: Callable[[str], str], tmp_path: Path
) -> None:
    """One long text among many short ones does not make every row long."""
    query = SqlQuery(
        [
            OutputColumn(ColumnMeta("n", "int"), "c1", "integer"),
            OutputColumn(ColumnMeta("t", "char", "*"), "c2", "text"),
        ],
        "SELECT n AS c1, CASE n WHEN 7 THEN repeat('x', 10000) ELSE n::text END AS c2 "
        "FROM generate_series(0, 9999) AS n",
    )
    document = await fetch(query, "fits")
    assert len(document) < 400_000
    path = tmp_path / "result.fits"
    path.write_bytes(document)
    texts = _as_csv(require_tool("stilts"), path)
    assert texts == [f"{n},{'x' * 10_000 if n == 7 else n}" for n in range(10_000)]


# Row by row: NULLs first, then each value that could stand for them; texts that become longer, and
# one so long that all texts of its column go to the heap. Several batches lie between.
_LATE = """
SELECT n AS c1, CASE WHEN n < 1000 THEN NULL WHEN n = 30000 THEN -32768 WHEN n = 40000 THEN 32767
    WHEN n = 50000 THEN -32767 ELSE n % 100 END::smallint AS c2,
  CASE WHEN n = 20000 THEN 'a text of more bytes' ELSE n::text END AS c3,
  CASE WHEN n = 45000 THEN repeat('x', 10000) WHEN n % 10 > 0 THEN n::text END AS c4,
  ARRAY[n, NULL, 1] AS c5, CASE WHEN n = 35000 THEN NULL ELSE n END AS c6
FROM generate_series(0, 59999) AS n
"""
_LATE_COLUMNS = (
    ("n", "int", None, "integer"),
    ("nulls", "short", None, "smallint"),
    ("longer", "char", "*", "text"),
    ("longest", "char", "*", "text"),
    ("array", "int", "*", "integer[]"),
    ("late_null", "int", None, "integer"),
)


async def test_rows_before_a_change_of_the_columns(
    fetch: Fetch, require_tool: Callable[[str], str], tmp_path: Path
) -> None:
    """What a later row needs is given to all rows."""
    columns = [column(i, *kind) for i, kind in enumerate(_LATE_COLUMNS, start=1)]
    document = await fetch(SqlQuery(columns, _LATE), "fits")
    table = _opened(document)
    assert [c.format for c in table.columns][1:3] == ["1J", "20A"]
    n = np.arange(60_000)
    nulls = np.where(n < 1000, table.columns["nulls"].null, n % 100)
    nulls[[30_000, 40_000, 50_000]] = [-32768, 32767, -32767]
    assert np.array_equal(table.data["n"], n)
    assert np.array_equal(table.data["nulls"], nulls)
    late = np.where(n == 35_000, table.columns["late_null"].null, n)
    assert np.array_equal(table.data["late_null"], late)
    assert all(list(table.data["array"][row]) == [row, -(2**31), 1] for row in (0, 20_000, 59_999))

    path = tmp_path / "result.fits"
    path.write_bytes(document)
    stilts = require_tool("stilts")
    keep = "cmd=keepcols 'longer longest'"
    listed = _stilts(stilts, "tpipe", f"in={path}", keep, "ofmt=csv").splitlines()[1:]
    texts = [f"{row},{row if row % 10 else ''}" for row in range(60_000)]
    texts[20_000] = "a text of more bytes,"
    texts[45_000] = "45000," + "x" * 10_000
    assert listed == texts


async def test_a_cut_result_says_so(fetch: Fetch) -> None:
    query = SqlQuery(
        [OutputColumn(ColumnMeta("n", "int"), "c1", "integer")],
        "SELECT n AS c1 FROM generate_series(1, 50000) AS n",
    )
    document = await fetch(query, "fits", 40_000)
    assert list(_opened(document).data["n"]) == list(range(1, 40_001))
    assert fits.getheader(io.BytesIO(document))["QSTATUS"] == "OVERFLOW"


async def test_a_query_that_fails_late_gives_no_bytes(fetch: Fetch) -> None:
    query = SqlQuery(
        [OutputColumn(ColumnMeta("n", "int"), "c1", "integer")],
        "SELECT 1 / (90000 - n) AS c1 FROM generate_series(1, 100000) AS n",
    )
    with pytest.raises(StarhaulError):
        await fetch(query, "fits")


_DESCRIBED = OutputColumn(
    ColumnMeta(
        "ra", "double", None, None, "deg", "pos.eq.ra;meta.main", "obs:x", "Right ascension"
    ),
    "c1",
    "double precision",
)


async def test_descriptions_reach_astropy_and_stilts(
    fetch: Fetch, require_tool: Callable[[str], str], tmp_path: Path
) -> None:
    """Units and UCDs lie in the header and, as a VOTable, in the primary HDU."""
    text = OutputColumn(ColumnMeta("name", "unicodeChar", "*"), "c2", "text")
    document = await fetch(
        SqlQuery([_DESCRIBED, text], "SELECT 1.5::double precision AS c1, 'Ångström' AS c2"), "fits"
    )
    hdus = fits.open(io.BytesIO(document))
    assert hdus[1].header["TUNIT1"] == "deg"
    assert hdus[1].header["TUCD1"] == "pos.eq.ra;meta.main"
    assert "name" in str(hdus[1].header["COMMENT"])
    described = parse_single_table(io.BytesIO(hdus[0].data.tobytes()))
    assert described.fields[0].description == "Right ascension"

    path = tmp_path / "result.fits"
    path.write_bytes(document)
    stilts = require_tool("stilts")
    listing = _stilts(
        stilts, "tpipe", f"in={path}", "ifmt=fits-plus", "cmd=meta name ucd description", "ofmt=csv"
    )
    assert "ra,pos.eq.ra;meta.main,Right ascension" in listing
    assert _as_csv(stilts, path) == ["1.5,?ngstr?m"]
