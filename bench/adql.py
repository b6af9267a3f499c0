"""Time from ADQL text to SQL: the judged suite, a cone, lists of 2,000 and 50,000 items.

Run as `python -m bench.adql`.  The catalogue is one table of ObsCore's columns, so queries of the
suite are parsed only; the cone and the lists are translated.
"""

import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import adql
from adql.catalogue import Column, SkyPosition, Table
from adql.columns import ColumnMeta
from adql.syntax.words import Version
from schema.catalogue import TableCatalogue

_SUITE = Path(__file__).parents[2] / "shared" / "adql" / "queries.jsonl"
_CONE = (
    "SELECT TOP 100 id, ra, dec FROM ivoa.obscore "
    "WHERE 1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {}, 20, 0.1)) ORDER BY id"
)
_LIST = "SELECT id FROM ivoa.obscore WHERE id IN ({})"


def _catalogue() -> TableCatalogue:
    columns = tuple(
        Column(ColumnMeta(name, datatype), f'"{name}"', sql_type)
        for name, datatype, sql_type in (
            ("id", "long", "bigint"),
            ("ra", "double", "double precision"),
            ("dec", "double", "double precision"),
        )
    )
    position = SkyPosition("ra", "dec", '"hpx"', '"hcell"', '"x"', '"y"', '"z"')
    return TableCatalogue((Table("ivoa", "obscore", '"ivoa"."obscore"', columns, (position,)),))


def milliseconds(work: Callable[[], object], repeat: int) -> float:
    """Median time of one call."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def _suite_times() -> list[float]:
    rows = [json.loads(line) for line in _SUITE.read_text().splitlines()]
    times = []
    for row in rows:
        if row["valid"] and row["dialect"] == "adql-2.1" and not row.get("config_dependent"):
            text: str = row["query"]
            times.append(milliseconds(partial(adql.parse, text), 5))
    return times


def main() -> None:
    """Print one figure a line."""
    adql.warm()
    catalogue = _catalogue()
    version: Version = "2.1"

    def translated(text: str) -> Callable[[], str]:
        return lambda: adql.translate(text, catalogue, version).literal_sql()

    if _SUITE.exists():
        times = _suite_times()
        print(
            f"suite, parse: median {statistics.median(times):.2f} ms, longest {max(times):.2f} ms"
        )
    first = milliseconds(translated("SELECT TOP 1 id FROM ivoa.obscore"), 50)
    print(f"SELECT TOP 1: {first:.2f} ms")
    centres = iter(range(360))
    cone = milliseconds(lambda: translated(_CONE.format(next(centres)))(), 50)
    print(f"cone, new centre each time: {cone:.2f} ms")
    for count in (2_000, 50_000):
        items = ", ".join(map(str, range(count)))
        text = _LIST.format(items)
        print(f"IN list of {count}: {milliseconds(translated(text), 7):.1f} ms")


if __name__ == "__main__":
    main()
