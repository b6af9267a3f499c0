"""Parts read by processes: the same bytes and damage, whatever becomes of the processes."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import psutil
import pytest

from service.bulk.part import DamagedMember, Part
from service.bulk.readers import Readers, open_readers
from service.config import Settings
from service.storage.buffers import BUFFER_BYTES
from service.storage.local import LocalStore
from service.storage.ranges import Span
from service.storage.slots import Slots
from tests.bulk.packages import ROOT_ID, arrange, make_store

_DEADLINE_S = 60
_STREAMS = 6
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
    make_store(root, [*files, ("big.fits", os.urandom(3 * BUFFER_BYTES))])
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
    settings = Settings(home_dir=home, bulk_readers=count, bulk_streams=_STREAMS)
    async with open_readers(settings) as readers:
        readers.start()
        await _ready(readers)
        yield readers


async def _ready(readers: Readers) -> None:
    async with asyncio.timeout(_DEADLINE_S):
        for reader in readers.readers:
            await reader.ready.wait()


def _processes(parent: int | None = None) -> list[psutil.Process]:
    """The readers that a process has started."""
    children = psutil.Process(parent).children()
    return [child for child in children if "service.bulk.reading" in child.cmdline()]


async def _bytes(readers: Readers, part: Part, span: Span) -> bytes:
    async with aclosing(readers.buffers(part, span)) as buffers:
        return b"".join([bytes(buffer) async for buffer in buffers])


def _free(slots: Slots) -> int:
    """How many slots nobody has; takes and gives back all of them."""
    taken: list[int] = []
    while (slot := slots.take()) is not None:
        taken.append(slot)
    for slot in taken:
        slots.give_back(slot)
    return len(taken)


async def test_streams_at_once_are_those_of_threads(home: Path, part: Part, whole: bytes) -> None:
    size = part.plan.size
    spans = [_all(part), Span(1, size), Span(700_001, size - 3), Span(size - 100, size)]
    async with _running(home) as readers:
        before = _free(readers.slots)
        got = await asyncio.gather(*(_bytes(readers, part, span) for span in spans))
        assert _free(readers.slots) == before
    for octets, span in zip(got, spans, strict=True):
        assert octets == whole[span.first : span.stop]


async def test_a_file_is_compared_with_its_checksum_where_that_is_asked_for(
    home: Path, part: Part, whole: bytes
) -> None:
    hashing = Part(part.layout, 1, part.stores, hashing=True)
    async with _running(home, 1) as readers:
        assert await _bytes(readers, hashing, _all(part)) == whole


async def test_a_killed_reader_costs_no_byte_and_another_is_started(
    home: Path, part: Part, whole: bytes
) -> None:
    async with _running(home, 1) as readers:
        (killed,) = _processes()
        got = b""
        async with aclosing(readers.buffers(part, _all(part))) as buffers:
            async for buffer in buffers:
                if not got:
                    killed.kill()
                got += buffer
        assert got == whole
        async with asyncio.timeout(_DEADLINE_S):
            while _processes() in ([], [killed]):  # noqa: ASYNC110 (processes give no event)
                await asyncio.sleep(0.01)
        await _ready(readers)
        assert await _bytes(readers, part, _all(part)) == whole


async def test_a_stopped_reader_loses_no_slot(home: Path, part: Part) -> None:
    async with _running(home, 1) as readers:
        before = _free(readers.slots)
        for _ in range(2 * _STREAMS):
            async with aclosing(readers.buffers(part, _all(part))) as buffers:
                await anext(buffers)
                assert _free(readers.slots) < before
        assert _free(readers.slots) == before


async def test_more_streams_than_slots_are_read_by_threads(
    home: Path, part: Part, whole: bytes
) -> None:
    async with _running(home) as readers:
        held = [readers.buffers(part, _all(part)) for _ in range(3 * _STREAMS)]
        first = [await anext(buffers) for buffers in held]
        assert {bytes(octets) for octets in first} == {whole[: len(first[0])]}
        for buffers, octets in zip(held, first, strict=True):
            rest = [bytes(buffer) async for buffer in buffers]
            assert bytes(octets) + b"".join(rest) == whole


async def test_damage_ends_a_stream_before_the_member(home: Path, part: Part, whole: bytes) -> None:
    damaged = next(member for member in part.members(_all(part)) if member.seq == 200)
    assert isinstance(damaged.store, LocalStore)
    path = Path(damaged.store.root) / damaged.source
    state = path.stat()
    os.utime(path)
    got = bytearray()

    async def fill() -> None:
        async for buffer in readers.buffers(part, _all(part)):
            got.extend(buffer)

    async with _running(home) as readers:
        with pytest.raises(DamagedMember, match="was modified") as found:
            await fill()
        assert found.value.seq == damaged.seq
        assert got == whole[: damaged.start]
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


def test_a_slot_is_lent_until_nobody_holds_its_bytes() -> None:
    slots = Slots(1)
    slot = slots.take()
    assert slot is not None
    octets = slots.lend(slot, 1000)
    piece = octets[10:20]
    del octets
    assert slots.take() is None
    del piece
    assert slots.take() == slot
    slots.close()


def test_slots_that_are_seldom_used_take_no_memory() -> None:
    slots = Slots(64)
    taken = [slot for _ in range(64) if (slot := slots.take()) is not None]
    for slot in taken:
        slots.lend(slot, BUFFER_BYTES)[:] = hashlib.sha256(b"").digest() * (BUFFER_BYTES // 32)
    assert os.fstat(slots.fd).st_blocks * 512 <= BUFFER_BYTES * 32
    slots.close()
