"""Time from ADQL text to SQL, beside the PyPI package queryparser-python3; what long lists hold up.

Figures: 1 ms for typical queries, 3 ms for the longest of the suite's, 5 ms for a list of 2,000,
100 ms for 50,000, import within 0.15 s, ten times faster than the peer.
The peer is given five minutes.
Run: python -m bench.adql
"""

import asyncio
import importlib.util
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlencode

from starlette.requests import Request

import adql
from bench._adql_catalogue import CATALOGUE
from service.language import language_of, translate
from service.parameters import read_parameters

_SUITE = Path(__file__).parents[2] / "shared" / "adql" / "queries.jsonl"
_SAMPLES = "X1_obscore_eso"
_LISTS = (50, 2_000, 50_000)
_IMPORTS = 9
_GAPS = 7
_CHUNK_BYTES = 1 << 16
_PEER_DEADLINE_S = 300

TYPICAL = {
    "SELECT TOP 1": "SELECT TOP 1 target_name FROM ivoa.obscore",
    "cone": (
        "SELECT TOP 100 target_name, s_ra, s_dec FROM ivoa.obscore "
        "WHERE 1 = CONTAINS(POINT('ICRS', s_ra, s_dec), CIRCLE('ICRS', 83.628, 22.014, 0.1)) "
        "ORDER BY t_min"
    ),
    "nearest first": (
        "SELECT TOP 10 obs_id, DISTANCE(POINT('ICRS', s_ra, s_dec), POINT('ICRS', 83.6, 22)) AS d "
        "FROM ivoa.obscore WHERE dataproduct_type = 'spectrum' AND em_max > 5e-7 ORDER BY d"
    ),
    "groups": (
        "SELECT obs_collection, dataproduct_type, COUNT(*) AS n, AVG(t_exptime) AS mean_time "
        "FROM ivoa.obscore WHERE calib_level >= 2 AND t_min BETWEEN 50000 AND 60000 "
        "GROUP BY obs_collection, dataproduct_type HAVING COUNT(*) > 5 ORDER BY obs_collection"
    ),
    "join with a subquery": (
        "SELECT a.obs_id, b.obs_id AS other FROM ivoa.obscore AS a "
        "JOIN (SELECT obs_id, target_name FROM ivoa.obscore WHERE calib_level = 3) AS b "
        "ON a.target_name = b.target_name WHERE a.obs_id <> b.obs_id"
    ),
    "CTE": (
        "WITH deep AS (SELECT target_name, MAX(t_exptime) AS longest FROM ivoa.obscore "
        "GROUP BY target_name), near AS (SELECT target_name, s_ra, s_dec FROM ivoa.obscore "
        "WHERE 1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE(92.25, 24.33, 0.5))) "
        "SELECT near.target_name, longest FROM near JOIN deep "
        "ON near.target_name = deep.target_name ORDER BY longest DESC"
    ),
}

Query: TypeAlias = tuple[str, str]
Times: TypeAlias = list[tuple[float | None, float | None]]


def listed(count: int) -> str:
    """A query with a list of so many whole numbers."""
    items = ", ".join(map(str, range(10**9, 10**9 + count)))
    return f"SELECT obs_id FROM ivoa.obscore WHERE access_estsize IN ({items})"  # noqa: S608


def suite() -> dict[str, list[Query]]:
    """The valid standard rows of the judged suite, by group."""
    groups: dict[str, list[Query]] = {}
    for line in _SUITE.read_text().splitlines():
        row = json.loads(line)
        standard = row["dialect"] in ("adql-2.0", "adql-2.1")
        if row["valid"] and standard and not row.get("config_dependent"):
            query = (row["query"], row["dialect"].removeprefix("adql-"))
            groups.setdefault(row["group"], []).append(query)
    return groups


def times(translator: str, queries: Sequence[Query], deadline_s: float | None = None) -> Times:
    """Milliseconds to a tree and to SQL of each query, in a process of its own.

    TimeoutExpired where they take longer than the deadline together.
    """
    done = subprocess.run(
        [sys.executable, "-m", "bench._adql_times", translator],
        input=json.dumps(queries),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=deadline_s,
    )
    measured: Times = json.loads(done.stdout)
    return measured


def spread(label: str, ours: Sequence[float | None], theirs: Sequence[float | None]) -> None:
    """One line: ours over what we take, then both over what both take, and the ratio."""
    taken = sorted(t for t in ours if t is not None)
    p95 = taken[int(0.95 * (len(taken) - 1))]
    print(
        f"{label:28} {len(taken):4} of {len(ours):4}  p50 {statistics.median(taken):7.2f}"
        f"  p95 {p95:7.2f}  max {taken[-1]:7.2f} ms",
        end="",
    )
    both = [(a, b) for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None]
    if both:
        our_median, their_median = (statistics.median(column) for column in zip(*both, strict=True))
        ratios = [b / a for a, b in both]
        print(
            f"   both take {len(both):3}: {our_median:6.2f} against {their_median:7.2f} ms,"
            f" ratio {their_median / our_median:5.1f} (least {min(ratios):.1f})",
            end="",
        )
    print()


def report(groups: dict[str, list[Query]], peer: bool) -> None:
    """Lines for the suite, its sample queries, typical queries and lists."""
    rows = [query for group in groups.values() for query in group]
    samples = groups.get(_SAMPLES, [])
    lists = [(listed(count), "2.1") for count in _LISTS]
    typical: list[Query] = [(text, "2.1") for text in TYPICAL.values()]
    ours = times("starhaul", [*rows, *samples, *typical, *lists])
    theirs: Times = [(None, None)] * len(ours)
    if peer:  # the longer lists take it minutes
        asked = [*rows, *samples, *typical, lists[0]]
        try:
            theirs[: len(asked)] = times("queryparser", asked, _PEER_DEADLINE_S)
        except subprocess.TimeoutExpired:
            print(f"queryparser-python3 was stopped after {_PEER_DEADLINE_S} s: no ratios")
    if rows:
        first, last = len(rows), len(rows) + len(samples)
        trees = [[t[0] for t in measured[:first]] for measured in (ours, theirs)]
        spread("suite, text to tree", *trees)
        sql = [[t[1] for t in measured[first:last]] for measured in (ours, theirs)]
        spread("its ObsCore samples, to SQL", *sql)
    labels = [*TYPICAL, *(f"IN list of {count:,}" for count in _LISTS)]
    tail = [[t[1] for t in measured[-len(labels) :]] for measured in (ours, theirs)]
    spread("typical, to SQL", *(column[: len(TYPICAL)] for column in tail))
    for label, our, their in zip(labels, *tail, strict=True):
        beside = "" if their is None else f"   against {their:8.1f} ms"
        print(f"  {label:26} {our:7.2f} ms{beside}" if our else f"  {label:26} refused")


def import_seconds() -> float:
    """Median of `import adql` in new interpreters, without their own start."""
    timed = "import time; t = time.perf_counter(); import adql; print(time.perf_counter() - t)"
    command = [sys.executable, "-c", timed]
    return statistics.median(
        float(subprocess.run(command, capture_output=True, check=True).stdout)
        for _ in range(_IMPORTS)
    )


async def longest_gap(text: str) -> float:
    """Seconds the event loop stood still while a posted query became SQL."""
    body = urlencode({"LANG": "ADQL", "QUERY": text}).encode()
    chunks = [body[at : at + _CHUNK_BYTES] for at in range(0, len(body), _CHUNK_BYTES)]
    messages = iter(
        {"type": "http.request", "body": chunk, "more_body": at + 1 < len(chunks)}
        for at, chunk in enumerate(chunks)
    )

    async def receive() -> dict[str, object]:
        await asyncio.sleep(0)
        return next(messages)

    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    scope = {"type": "http", "method": "POST", "headers": headers, "query_string": b""}

    async def work() -> None:
        parameters = await read_parameters(Request(scope, receive), max_body=16 << 20)
        query = parameters.single("QUERY") or ""
        translation = await translate(query, language_of(parameters), CATALOGUE)
        translation.literal_sql()

    working = asyncio.create_task(work())
    longest, last = 0.0, time.perf_counter()
    while not working.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    await working
    return longest


def main() -> None:
    """Print one figure a line."""
    peer = importlib.util.find_spec("queryparser") is not None
    if not peer:
        print("queryparser-python3 is not installed: make bench-adql installs it; no ratios")
    if not _SUITE.exists():
        print(f"no judged suite at {_SUITE.relative_to(_SUITE.parents[3])}: typical queries only")
    report(suite() if _SUITE.exists() else {}, peer)
    print(f"import adql: {import_seconds():.3f} s")
    adql.warm()
    gap = statistics.median(asyncio.run(longest_gap(listed(50_000))) for _ in range(_GAPS))
    print(f"longest gap of the event loop, posted list of 50,000: {1000 * gap:.1f} ms")


if __name__ == "__main__":
    main()
