"""GAVO DaCHS beside us, where the Debian package gavodachs2-server is installed and set up.

It is asked over its own TAP_SCHEMA, which every TAP service has.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

PEER_TINY = "SELECT TOP 1 table_name FROM tap_schema.tables"
_TAP = "http://localhost:8080/tap"


@contextmanager
def peer() -> Iterator[str | None]:
    """The URL of a running DaCHS's TAP, started if it is not; None, and a line, without one."""
    if shutil.which("dachs") is None:
        print("no DaCHS installed (Debian: gavodachs2-server): no peer beside us")
        yield None
        return
    if _answers():
        yield _TAP
        return
    with subprocess.Popen(
        ["dachs", "serve", "debug"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            deadline = time.monotonic() + 60
            while not (up := _answers()) and server.poll() is None and time.monotonic() < deadline:
                time.sleep(0.5)
            if not up:
                print("DaCHS does not start (is its PostgreSQL up?): no peer beside us")
            yield _TAP if up else None
        finally:
            server.terminate()


def count_rows(tap: str, table: str) -> int:
    """The rows of a table, 0 without it. Its errors have the status 200, and its first query may
    be one."""
    query = f"SELECT COUNT(*) AS n FROM {table}"  # noqa: S608 -- a name of ours
    asked = {"LANG": "ADQL", "FORMAT": "csv", "QUERY": query}
    for _ in range(2):
        answer = httpx.post(f"{tap}/sync", data=asked, timeout=60, follow_redirects=True)
        last = answer.text.split()[-1]
        if last.isdecimal():
            return int(last)
    return 0


def _answers() -> bool:
    try:
        return httpx.get(f"{_TAP}/availability").is_success
    except httpx.TransportError:
        return False
