"""Objects of a real S3 server: what is opened and read, what is refused, what is tried again."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from service.errors import Unavailable, UsageError
from service.storage.ahead import Wanted, opened_ahead
from service.storage.ranges import Span
from service.storage.s3 import S3Store
from service.storage.state import Damaged, FileState
from service.storage.store import OpenFile, Store
from service.storage.work import WorkStore, work_store
from tests.buckets import BucketServer, line_to

NAMES = ["a.fits", "night 1/Observación #1 100%?.fits", "x+y z~*&=.fits", "empty.fits", "big.fits"]


def _content(name: str) -> bytes:
    size = {"empty.fits": 0, "big.fits": 3_500_000}.get(name, 1_000)
    return (hashlib.sha256(name.encode()).digest() * (size // 32 + 1))[:size]


@pytest.fixture(scope="module")
def store(bucket_server: BucketServer) -> S3Store:
    """Some objects below a prefix."""
    for name in NAMES:
        bucket_server.put("objects", f"some/where/{name}", _content(name))
    bucket_server.put("objects", "elsewhere.fits", b"not below the prefix")
    return S3Store("s3://objects/some/where")


@pytest.fixture(scope="module")
def states(store: S3Store) -> dict[str, FileState]:
    """What a listing says of them."""
    return dict(store.objects())


def _read(file: OpenFile, span: Span) -> bytes:
    buffer = bytearray(span.length)
    return bytes(buffer[: file.read_into(buffer, span.first)])


def test_a_listing_has_the_facts_of_each_object(states: dict[str, FileState]) -> None:
    assert sorted(states) == sorted(NAMES)
    for name, state in states.items():
        assert state.size == len(_content(name))
        assert state.etag == hashlib.md5(_content(name)).hexdigest()
        assert state.mtime_ns > 10**18
        assert (state.ctime_ns, state.inode) == (0, 0)


@pytest.mark.parametrize("name", NAMES)
def test_an_object_is_read_as_it_was_written(
    store: S3Store, states: dict[str, FileState], name: str
) -> None:
    content = _content(name)
    with store.open(name, states[name], b"") as file:
        assert _read(file, Span(0, len(content) + 5)) == content
        file.verify()
        assert file.sha256() == hashlib.sha256(content).digest()
    middle = Span(len(content) // 3, len(content) // 2)
    with store.open(name, states[name], b"", middle) as file:
        assert _read(file, middle) == content[middle.first : middle.stop]


def test_reading_here_and_there_gives_the_same_bytes(
    store: S3Store, states: dict[str, FileState]
) -> None:
    content = _content("big.fits")
    with store.open("big.fits", states["big.fits"], b"", Span(10, 2_000_000)) as file:
        for span in (Span(10, 70), Span(70, 1_999_000), Span(1_999_000, 3_000_000), Span(0, 9)):
            assert _read(file, span) == content[span.first : span.stop]


def test_an_overwritten_object_is_refused_and_one_being_read_never_mixed(
    bucket_server: BucketServer,
) -> None:
    old, new = os.urandom(9_000_000), os.urandom(9_000_000)
    bucket_server.put("changing", "one.fits", old)
    store = S3Store("s3://changing")
    known = dict(store.objects())["one.fits"]
    with store.open("one.fits", known, b"") as file:
        first = _read(file, Span(0, 1_000_000))
        bucket_server.put("changing", "one.fits", new)
        try:
            rest = _read(file, Span(1_000_000, len(old)))
        except Damaged:
            rest = old[1_000_000:]  # found out in time
        assert first + rest == old
    for wanted in (None, Span(5, 10)):
        with pytest.raises(Damaged, match=r"one\.fits was replaced after it was ingested"):
            store.open("one.fits", known, b"", wanted)


def test_an_object_that_is_gone_is_damage_and_a_bucket_that_is_gone_is_not(
    bucket_server: BucketServer, states: dict[str, FileState]
) -> None:
    known = states["a.fits"]
    with pytest.raises(Damaged, match=r"b\.fits has vanished"):
        S3Store("s3://objects/some/where").open("b.fits", known, b"")
    missing = S3Store("s3://no-such-bucket")
    with pytest.raises(Unavailable):
        missing.open("a.fits", known, b"")
    with pytest.raises(UsageError, match="no such bucket"):
        list(missing.objects())


def test_wrong_credentials_are_no_damage(
    states: dict[str, FileState], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    store = S3Store("s3://objects/some/where")
    with pytest.raises(Unavailable, match="credentials"):
        store.open("a.fits", states["a.fits"], b"")
    with pytest.raises(UsageError, match="SignatureDoesNotMatch; set AWS_ACCESS_KEY_ID"):
        list(store.objects())


def test_a_public_bucket_is_read_without_credentials(
    tmp_path: Path, states: dict[str, FileState], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    server = BucketServer(tmp_path, public=True)
    server.start()
    try:
        server.put("public", "a b.fits", b"open to all")
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        store = S3Store("s3://public")
        ((name, state),) = store.objects()
        with store.open(name, state, b"") as file:
            assert _read(file, Span(0, 99)) == b"open to all"
    finally:
        server.stop()


@pytest.fixture
def cut_store(
    bucket_server: BucketServer, store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> Iterator[S3Store]:
    """The objects over connections that end after 900,000 bytes."""
    with line_to(bucket_server, 900_000) as line:
        monkeypatch.setenv("AWS_ENDPOINT_URL", line.url)
        yield S3Store("s3://objects/some/where")


def test_reading_goes_on_where_a_connection_broke(
    cut_store: S3Store, states: dict[str, FileState]
) -> None:
    content = _content("big.fits")
    with cut_store.open("big.fits", states["big.fits"], b"") as file:
        assert _read(file, Span(0, len(content))) == content
    with cut_store.open("big.fits", states["big.fits"], b"", Span(100, 2_000_100)) as file:
        assert _read(file, Span(100, 2_000_100)) == content[100:2_000_100]


def test_one_connection_serves_many_requests(
    bucket_server: BucketServer, states: dict[str, FileState], monkeypatch: pytest.MonkeyPatch
) -> None:
    with line_to(bucket_server) as line:
        monkeypatch.setenv("AWS_ENDPOINT_URL", line.url)
        store = S3Store("s3://objects/some/where")
        for span in [Span(0, 1_000), Span(3, 500), Span(999, 1_000)] * 3:
            with store.open("a.fits", states["a.fits"], b"", span) as file:
                assert _read(file, span) == _content("a.fits")[span.first : span.stop]
        assert line.connections == 1


def test_a_slow_line_brings_everything_and_many_small_files_at_once(
    bucket_server: BucketServer, states: dict[str, FileState], monkeypatch: pytest.MonkeyPatch
) -> None:
    with line_to(bucket_server, delay_s=0.01) as line:
        monkeypatch.setenv("AWS_ENDPOINT_URL", line.url)
        store = S3Store("s3://objects/some/where")
        content, span = _content("big.fits"), Span(1_000, 1_000_000)
        with store.open("big.fits", states["big.fits"], b"", span) as file:
            assert _read(file, span) == content[span.first : span.stop]
        names = ["a.fits"] * 40
        small = Wanted(store, "a.fits", states["a.fits"], b"", Span(0, 1_000))
        for _, opener in opened_ahead(names, lambda _: small):
            with opener.open() as file:
                assert _read(file, small.span) == _content("a.fits")
        assert 2 < line.connections <= 20  # those that were opened ahead, kept for the next


def test_a_server_that_is_down_is_unavailable_and_one_that_is_back_serves(
    bucket_server: BucketServer, store: S3Store, states: dict[str, FileState]
) -> None:
    bucket_server.stop()
    try:
        with pytest.raises(Unavailable) as caught:
            store.open("a.fits", states["a.fits"], b"")
        assert caught.value.retry_after
        with pytest.raises(Unavailable, match="AWS_ENDPOINT_URL"):
            list(store.objects())
    finally:
        bucket_server.start()
    with store.open("a.fits", states["a.fits"], b"") as file:
        assert _read(file, Span(0, 1_000)) == _content("a.fits")


def test_files_opened_ahead_come_in_order_and_each_says_its_own_damage(
    store: S3Store, states: dict[str, FileState]
) -> None:
    names = [*NAMES, "gone.fits"] * 4

    def wanted(name: str) -> Wanted:
        known = states.get(name, states["a.fits"])
        whole: Store = store
        return Wanted(whole, name, known, b"", Span(0, known.size))

    seen = []
    for name, opener in opened_ahead(names, wanted):
        seen.append(name)
        for _ in range(2):  # a second time it is opened anew
            if name == "gone.fits":
                with pytest.raises(Damaged):
                    opener.open()
                continue
            with opener.open() as file:
                assert _read(file, Span(0, 4_000_000)) == _content(name)
    assert seen == names


@pytest.fixture
def work(bucket_server: BucketServer) -> WorkStore:
    """A work store in a bucket."""
    return work_store("s3://results/starhaul")


async def _megabytes(count: int) -> AsyncIterator[bytes]:
    for number in range(count):
        yield bytes([number]) * (1 << 20)
        yield b""


async def test_what_is_written_is_kept_whole(work: WorkStore, bucket_server: BucketServer) -> None:
    size = await work.write("room/job/result", _megabytes(40))
    state = await work.state("room/job/result")
    assert state is not None
    assert state.size == size == 40 << 20
    with work.files.open("room/job/result", state, b"", Span(0, size)) as file:
        assert _read(file, Span(0, size)) == b"".join(bytes([n]) * (1 << 20) for n in range(40))
    assert await work.write("room/job/empty", _megabytes(0)) == 0
    await work.remove("room/job")
    assert await work.state("room/job/result") is None
    assert bucket_server.names("results") == set()


async def test_a_write_that_fails_keeps_nothing(
    work: WorkStore, bucket_server: BucketServer
) -> None:
    async def failing() -> AsyncIterator[bytes]:
        async for piece in _megabytes(20):
            yield piece
        raise ConnectionResetError("the database's")

    with pytest.raises(ConnectionResetError):
        await work.write("room/job/result", failing())
    assert bucket_server.names("results") == set()


async def test_a_write_that_is_cancelled_keeps_nothing_and_ends_its_pieces(
    work: WorkStore, bucket_server: BucketServer
) -> None:
    ended = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(1 << 20)
                await asyncio.sleep(0.005)
        finally:
            ended.set()

    async def job() -> int:
        async with aclosing(endless()) as pieces:
            return await work.write("room/job/result", pieces)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(job(), 0.5)
    assert ended.is_set()
    assert bucket_server.names("results") == set()


async def test_a_write_to_a_store_that_is_away_is_unavailable(
    work: WorkStore, bucket_server: BucketServer
) -> None:
    bucket_server.stop()
    try:
        with pytest.raises(Unavailable, match="store for results"):
            await work.write("room/job/result", _megabytes(100))
    finally:
        bucket_server.start()
