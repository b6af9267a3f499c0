"""Many clients in one process that ask small queries again and again by keep-alive.

They write bytes and read to the end of each answer: the CPU belongs to the archive.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlencode, urlsplit

import uvloop

# The text of the n-th query.
Query: TypeAlias = Callable[[int], str]
_LAST_CHUNK = b"\r\n0\r\n\r\n"


@dataclass
class Answers:
    """What came back: the seconds of each answer with status 200, and what was none."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    elapsed_s: float = 0.0

    @property
    def per_second(self) -> float:
        """Good answers a second."""
        return len(self.seconds) / self.elapsed_s

    def percentile(self, percent: float) -> float:
        """Milliseconds within which so many of the good answers came."""
        ranked = sorted(self.seconds)
        return ranked[min(int(len(ranked) * percent / 100), len(ranked) - 1)] * 1e3


def ask_together(tap: str, query: Query, clients: int, for_s: float) -> Answers:
    """The answers that so many clients get within so many seconds."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_ask_together(tap, query, clients, for_s))


async def _ask_together(tap: str, query: Query, clients: int, for_s: float) -> Answers:
    answers = Answers()
    numbers = itertools.count()
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            requests = (_request(tap, query(number)) for number in numbers)
            group.create_task(_client(tap, requests, begin + for_s, answers))
    answers.elapsed_s = time.perf_counter() - begin
    return answers


def _request(tap: str, query: str) -> bytes:
    address = urlsplit(tap)
    asked = urlencode({"LANG": "ADQL", "QUERY": query})
    return f"GET {address.path}/sync?{asked} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode()


async def _client(tap: str, requests: Iterator[bytes], until: float, answers: Answers) -> None:
    address = urlsplit(tap)
    while time.perf_counter() < until:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            while time.perf_counter() < until:
                begin = time.perf_counter()
                writer.write(next(requests))
                status = await _answer(reader)
                if status == "200":
                    answers.seconds.append(time.perf_counter() - begin)
                else:
                    answers.errors.append(status)
        except (OSError, asyncio.IncompleteReadError) as error:
            answers.errors.append(repr(error))
        finally:
            writer.close()


async def _answer(reader: asyncio.StreamReader) -> str:
    """Read one answer to its end; its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"transfer-encoding: chunked" in head:
        await reader.readuntil(_LAST_CHUNK)
    else:
        length = head.split(b"content-length: ")[1].split(b"\r\n")[0]
        await reader.readexactly(int(length))
    return head.split()[1].decode()
