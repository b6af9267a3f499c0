"""Parts sent by processes: the same bytes and damage, whatever becomes of the processes."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from service.bulk.part import DamagedMember, Part
from service.bulk.readers import BEGINNING_BYTES, Readers, open_readers
from service.config import Settings
from service.errors import Unavailable
from service.storage.buffers import BUFFER_BYTES
from service.storage.local import LocalStore
from service.storage.outlet import PacedOutlet
from service.storage.ranges import Span
from tests.bulk.packages import ROOT_ID, arrange, make_store

_DEADLINE_S = 60
_STREAMS = 18
_FILES = 300
_API = """
import asyncio, sys
from service.bulk.readers import open_readers
from service.config import Settings

async def api():
    async with open_readers(Settings(home_dir=sys.argv[1], bulk_readers=2)) as readers:
        readers.start()
        for reader in readers.readers:
            await reader.ready.wait()
        print("ready", flush=True)
        await asyncio.sleep(600)

asyncio.run(api())
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Part:
    """Small files, and one that fills several buffers."""
    root, made = tmp_path_factory.mktemp("store"), home / "made"
    names = [f"{number:03d}.fits" for number in range(_FILES)]
    files = [(name, os.urandom(20_000 + 97 * int(name[:3]))) for name in names]
    make_store(root, [*files, ("big.fits", os.urandom(9 * BUFFER_BYTES))])
    layout = arrange(root, made, [*names[:150], "big.fits", *names[150:]], 2**30)
    kept = home / "cache" / "bulk" / layout.digest
    kept.parent.mkdir(parents=True)
    made.rename(kept)
    return Part(layout, 1, {ROOT_ID: LocalStore(str(root))})


@pytest.fixture(scope="module")
def whole(part: Part) -> bytes:
    return b"".join(part.buffers(_all(part)))


def _all(part: Part) -> Span:
    return Span(0, part.plan.size)


@asynccontextmanager
async def _running(home: Path, count: int = 2) -> AsyncIterator[Readers]:
    """Readers that are ready."""
    settings = Settings(home_dir=home, bulk_readers=count)
    async with open_readers(settings) as readers:
        readers.start()
        await _ready(readers)
        yield readers


async def _ready(readers: Readers) -> None:
    async with asyncio.timeout(_DEADLINE_S):
        for reader in readers.readers:
            await reader.ready.wait()


def _processes(parent: int | None = None) -> list[psutil.Process]:
    """The readers that a process has started and that have not ended."""
    return [child for child in psutil.Process(parent).children() if _reads(child)]


def _reads(process: psutil.Process) -> bool:
    try:
        return "service.bulk.reading" in process.cmdline()
    except psutil.NoSuchProcess:  # or a zombie
        return False


@dataclass
class _Connection:
    """A client that reads, slowly where it is told to, and what the server counts."""

    near: socket.socket
    far: socket.socket
    counted: int = 0
    got: bytearray = field(default_factory=bytearray)
    slow: bool = False

    async def emptied(self) -> int | None:
        return self.near.fileno()

    def sent(self, octets: int) -> None:
        self.counted += octets

    async def read(self) -> None:
        while octets := await asyncio.get_running_loop().sock_recv(self.far, 1 << 16):
            self.got += octets
            await asyncio.sleep(0.001 * self.slow)


def _connection(*, slow: bool = False) -> _Connection:
    near, far = socket.socketpair()
    near.setblocking(False)
    far.setblocking(False)
    return _Connection(near, far, slow=slow)


async def _at_will(_octets: int) -> None:
    pass


async def _send(
    readers: Readers, part: Part, span: Span, to: _Connection, most: int = BUFFER_BYTES
) -> int:
    """Send a span as a response does; how many bytes this process sent by itself."""
    reading, by_itself = asyncio.create_task(to.read()), 0
    outlet = PacedOutlet(to, _at_will, most, _DEADLINE_S)
    try:
        async with aclosing(readers.buffers(part, span, outlet)) as buffers:
            async for buffer in buffers:
                by_itself += len(buffer)
                await asyncio.get_running_loop().sock_sendall(to.near, buffer)
    finally:
        to.near.close()
        await reading
        to.far.close()
    return by_itself


async def _bytes(readers: Readers, part: Part, span: Span) -> bytes:
    connection = _connection()
    await _send(readers, part, span, connection)
    return bytes(connection.got)


async def test_streams_at_once_are_those_of_threads(home: Path, part: Part, whole: bytes) -> None:
    size = part.plan.size
    spans = [_all(part), Span(1, size), Span(700_001, size - 3), Span(size - 100, size)]
    async with _running(home) as readers:
        got = await asyncio.gather(
            *(_bytes(readers, part, span) for span in spans * (_STREAMS // len(spans)))
        )
    for octets, span in zip(got, spans * (_STREAMS // len(spans)), strict=True):
        assert octets == whole[span.first : span.stop]


@pytest.mark.parametrize("most", [10_001, BUFFER_BYTES])
async def test_a_process_sends_all_but_the_beginning(
    home: Path, part: Part, whole: bytes, most: int
) -> None:
    connection = _connection()
    async with _running(home, 1) as readers:
        assert await _send(readers, part, _all(part), connection, most) == BEGINNING_BYTES
    assert connection.counted == len(whole) - BEGINNING_BYTES
    assert connection.got == whole


async def test_a_file_is_compared_with_its_checksum_where_that_is_asked_for(
    home: Path, part: Part, whole: bytes
) -> None:
    hashing = Part(part.layout, 1, part.stores, hashing=True)
    async with _running(home, 1) as readers:
        assert await _bytes(readers, hashing, _all(part)) == whole


async def test_a_killed_reader_ends_a_stream_short_and_another_is_started(
    home: Path, part: Part, whole: bytes
) -> None:
    connection = _connection(slow=True)
    async with _running(home, 1) as readers:
        (killed,) = _processes()
        sending = asyncio.create_task(_send(readers, part, _all(part), connection, 100_000))
        async with asyncio.timeout(_DEADLINE_S):
            while not connection.counted:  # noqa: ASYNC110 (a count gives no event)
                await asyncio.sleep(0.01)
        killed.kill()
        with pytest.raises(Unavailable, match="has ended"):
            await sending
        assert BEGINNING_BYTES < len(connection.got) < len(whole)
        assert whole.startswith(connection.got)
        async with asyncio.timeout(_DEADLINE_S):
            while _processes() in ([], [killed]):  # noqa: ASYNC110 (processes give no event)
                await asyncio.sleep(0.01)
        await _ready(readers)
        assert await _bytes(readers, part, _all(part)) == whole


async def test_a_client_that_goes_ends_a_stream(home: Path, part: Part) -> None:
    connection = _connection()
    async with _running(home, 1) as readers:
        outlet = PacedOutlet(connection, _at_will, BUFFER_BYTES, _DEADLINE_S)
        async with aclosing(readers.buffers(part, _all(part), outlet)) as buffers:
            await anext(buffers)
            connection.far.close()
            assert await anext(buffers)  # whoever sends it finds that nobody takes it
        connection.near.close()


async def test_a_stream_that_is_given_up_leaves_its_client(home: Path, part: Part) -> None:
    connection = _connection()
    async with _running(home, 1) as readers:
        outlet = PacedOutlet(connection, _at_will, BUFFER_BYTES, _DEADLINE_S)
        buffers = readers.buffers(part, _all(part), outlet)
        await anext(buffers)
        going_on = asyncio.create_task(anext(buffers))
        async with asyncio.timeout(_DEADLINE_S):
            await asyncio.get_running_loop().sock_recv(connection.far, 1)
            going_on.cancel()
            await asyncio.gather(going_on, return_exceptions=True)
            connection.near.close()
            await connection.read()  # to its end: the process has closed it too


async def test_damage_ends_a_stream_before_the_member(home: Path, part: Part, whole: bytes) -> None:
    damaged = next(member for member in part.members(_all(part)) if member.seq == 200)
    assert isinstance(damaged.store, LocalStore)
    path = Path(damaged.store.root) / damaged.source
    state = path.stat()
    os.utime(path)
    connection = _connection()
    async with _running(home) as readers:
        with pytest.raises(DamagedMember, match="was modified") as found:
            await _send(readers, part, _all(part), connection)
        assert found.value.seq == damaged.seq
        assert connection.got == whole[: damaged.start]
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
        assert await _bytes(readers, part, _all(part)) == whole


async def test_no_reader_outlives_the_api(home: Path) -> None:
    async with _running(home):
        readers = _processes()
        assert len(readers) == 2
    assert not any(reader.is_running() for reader in readers)


def test_no_reader_outlives_a_killed_api(home: Path) -> None:
    command = [sys.executable, "-P", "-c", _API, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as api:
        assert api.stdout is not None
        assert api.stdout.readline() == "ready\n"
        readers = _processes(api.pid)
        assert len(readers) == 2
        api.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(readers, _DEADLINE_S)
    assert not alive


async def test_readers_start_with_the_first_long_stream(
    home: Path, part: Part, whole: bytes
) -> None:
    settings = Settings(home_dir=home, bulk_readers=1)
    async with open_readers(settings) as readers:
        assert await _bytes(readers, part, Span(0, BUFFER_BYTES)) == whole[:BUFFER_BYTES]
        assert not _processes()
        assert await _bytes(readers, part, _all(part)) == whole
        await _ready(readers)
        assert len(_processes()) == 1


async def test_without_readers_threads_read(home: Path, part: Part, whole: bytes) -> None:
    async with _running(home, 0) as readers:
        assert await _bytes(readers, part, _all(part)) == whole
