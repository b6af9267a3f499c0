"""Times of one ADQL translator over queries: `python -m bench._adql_times NAME`, a process each.

Reads a JSON list of [text, version] from stdin; writes one of [to a tree, to SQL], medians in
milliseconds, null where the translator refuses the query.
"""

import contextlib
import importlib
import io
import json
import statistics
import sys
import time
from collections.abc import Callable

import adql
from adql.syntax.words import Version
from bench._adql_catalogue import CATALOGUE

# A query is repeated until it has run so often, or for so long.
_REPEAT = 15
_LONGEST_S = 0.5

Stage = Callable[[str, Version], object]


def _starhaul() -> tuple[Stage, Stage]:
    adql.warm()
    return (
        adql.parse,
        lambda text, version: adql.translate(text, CATALOGUE, version).literal_sql(),
    )


def _queryparser() -> tuple[Stage, Stage]:
    # No types, and not in every environment: imported by name.
    translator = importlib.import_module("queryparser.adql").ADQLQueryTranslator
    return (
        lambda text, _: translator(text),
        lambda text, _: translator(text).to_postgresql(),
    )


_TRANSLATORS = {"starhaul": _starhaul, "queryparser": _queryparser}


def _milliseconds(stage: Stage, text: str, version: Version) -> float | None:
    times: list[float] = []
    while len(times) < _REPEAT and sum(times) < _LONGEST_S:
        start = time.perf_counter()
        try:
            stage(text, version)
        except Exception:  # each translator has its own
            return None
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def main() -> None:
    """Time every query of stdin."""
    tree, sql = _TRANSLATORS[sys.argv[1]]()
    tree("SELECT a FROM t", "2.0")
    queries = json.load(sys.stdin)
    with contextlib.redirect_stderr(io.StringIO()):  # where the peer's lexer complains
        measured = [[_milliseconds(stage, *query) for stage in (tree, sql)] for query in queries]
    json.dump(measured, sys.stdout)


if __name__ == "__main__":
    main()
