"""A VOTable read to its end over HTTP: when its first row came, how many there were."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from bench._archive import Archive
from bench._measuring import peak_memory


@dataclass(frozen=True)
class Read:
    """Seconds to the first row and to the end, rows, megabytes."""

    first_s: float
    total_s: float
    rows: int
    megabytes: float


def read_rows(client: httpx.Client, url: str, parameters: Mapping[str, object]) -> Read:
    """A response in TABLEDATA to its end, nothing of it kept."""
    begin = time.perf_counter()
    first, rows, size, before = 0.0, 0, 0, b""
    asked = {name: str(value) for name, value in parameters.items()}
    with client.stream("GET", url, params=asked, headers={"Accept-Encoding": "identity"}) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_raw():
            found = (before + chunk).count(b"<TR>")
            if found and not first:
                first = time.perf_counter() - begin
            rows += found
            before = chunk[-3:]
            size += len(chunk)
    return Read(first, time.perf_counter() - begin, rows, size / 1e6)


def print_read(
    archive: Archive, client: httpx.Client, said: str, path: str, parameters: Mapping[str, object]
) -> None:
    """A line with the times of an answer, and what memory the API took for it."""
    with peak_memory(archive.api) as memory:
        read = read_rows(client, f"{archive.url}{path}", parameters)
    print(
        f"{said:24} first row {read.first_s * 1e3:7.1f} ms, {read.rows:>9,} rows "
        f"({read.megabytes:.0f} MB) in {read.total_s:.2f} s; {memory}"
    )
