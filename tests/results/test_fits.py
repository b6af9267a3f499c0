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
from tests.results.sample import KINDS, SqlQuery, sample_query
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
