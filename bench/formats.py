"""1,000,000 rows of 9 columns in every format, beside psql's COPY of the same rows.

Figures: over the COPY of the like format, BINARY2 1.5, TABLEDATA 1.8, CSV 1.3, FITS 1.6; first byte
within 50 ms where the format allows it (DESIGN §8). Floor and service alternate, and the ratio is
the median of those of each pair: a machine that is slow for a while is so for both. Where GAVO
DaCHS is installed, it is asked for as many rows.

    python -m bench.formats [--small]
"""

import os
import statistics
import subprocess
import time

from bench._archive import COLUMNS, Archive, is_small, running_archive
from bench._measuring import Download, cpu_seconds, download, psql_program
from bench._peer import peer
from bench._peer_stars import has_stars

_PAIRS = 9
_PEER_RUNS = 3
_QUERY = "SELECT * FROM bench.stars"
# RESPONSEFORMAT, gzip, the COPY it is measured against, the ratio to reach.
_FORMATS = (
    ("votable", False, "binary", 1.5),
    ("votable/td", False, "text", 1.8),
    ("csv", False, "csv", 1.3),
    ("fits", False, "binary", 1.6),
    ("parquet", False, "binary", None),
    ("arrow", False, "binary", None),
    ("json", False, "text", None),
    ("votable", True, "binary", None),
    ("votable/td", True, "text", None),
    ("csv", True, "csv", None),
)


def _floor_s(psql: str, database_url: str, form: str) -> float:
    """Seconds of psql's COPY of the whole table."""
    names = ", ".join(column[0] for column in COLUMNS)
    copy = f"COPY (SELECT {names} FROM bench.stars) TO STDOUT (FORMAT {form})"  # noqa: S608
    begin = time.perf_counter()
    subprocess.run([psql, "-qX", database_url, "-c", copy], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def _compare(
    archive: Archive, psql: str, form: str, gzip: bool, copy: str, reach: float | None
) -> None:
    """One format over its floor."""
    floors: list[float] = []
    ours: list[Download] = []
    before = cpu_seconds(archive.api)
    for _ in range(_PAIRS):
        floors.append(_floor_s(psql, archive.database_url, copy))
        ours.append(download(archive.tap, _QUERY, form, gzip=gzip))
    cpu = (cpu_seconds(archive.api) - before) / _PAIRS
    floor = statistics.median(floors)
    our = statistics.median(one.total_s for one in ours)
    ratio = statistics.median(one.total_s / floor for one, floor in zip(ours, floors, strict=True))
    first = statistics.median(one.first_s for one in ours)
    print(
        f"{form + ('+gzip' if gzip else ''):16} {our:5.2f} s, {ours[0].megabytes:4.0f} MB, "
        f"COPY {copy:6} {floor:5.2f} s, ratio {ratio:4.2f}"
        + (f" (reach: {reach:g})" if reach else "")
        + f", of the medians {our / floor:4.2f}"
        + f", first byte {first * 1e3:6.1f} ms, API {cpu:.2f} s CPU"
    )


def _print_peer(rows: int) -> None:
    """What GAVO DaCHS takes for as many rows of the same columns."""
    with peer() as tap:
        if tap is None or not has_stars(tap, rows):
            return
        for form in ("votable", "votable/td", "csv", "fits"):
            theirs = [download(tap, _QUERY, form, maxrec=rows) for _ in range(_PEER_RUNS)]
            total = statistics.median(one.total_s for one in theirs)
            first = statistics.median(one.first_s for one in theirs)
            print(
                f"DaCHS, {form:10} {total:5.2f} s, {theirs[0].megabytes:4.0f} MB, "
                f"first byte {first * 1e3:.1f} ms"
            )


def main() -> None:
    """Fill a database, measure, print."""
    psql = psql_program()
    rows = 100_000 if is_small(__doc__) else 1_000_000
    with running_archive(rows) as archive:
        download(archive.tap, _QUERY, "votable")
        print(
            f"{rows:,} rows of {len(COLUMNS)} columns, median of {_PAIRS} pairs, "
            f"load {os.getloadavg()[0]:.1f}"
        )
        for form, gzip, copy, reach in _FORMATS:
            _compare(archive, psql, form, gzip, copy, reach)
    _print_peer(rows)


if __name__ == "__main__":
    main()
