"""What a journal says is there is there, wherever the run before was cut off."""

import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starhaul_client import journal
from starhaul_client.journal import PAGE

SIZE = 10 * PAGE + 77
CONTENT = random.Random(1).randbytes(SIZE)
SPANS = st.tuples(st.integers(0, SIZE - 1), st.integers(1, 3 * PAGE)).map(
    lambda span: (span[0], min(span[0] + span[1], SIZE))
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for files that each example writes anew."""
    return tmp_path_factory.mktemp("journal")


def numbers(spans: list[tuple[int, int]]) -> set[int]:
    """The bytes of spans."""
    return {n for first, stop in spans for n in range(first, stop)}


@given(st.lists(SPANS, max_size=8), st.integers(0, 2 * PAGE), st.data())
def test_what_was_written_is_found_and_nothing_else(
    place: Path, spans: list[tuple[int, int]], cut: int, data: st.DataObject
) -> None:
    """Each write is noted first; the last one, and the last note, may be cut off anywhere."""
    file = os.open(place / "file", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    notes = journal.begin(place / "notes", '"tag"', SIZE)
    for index, (first, stop) in enumerate(spans):
        written = memoryview(CONTENT)[first:stop]
        notes.add(first, written)
        if index == len(spans) - 1:
            written = written[:cut]
        os.pwrite(file, written, first)
    notes.close()
    present, length = journal.read(place / "notes", file, '"tag"', SIZE) or pytest.fail(
        "no journal"
    )
    found = numbers(list(present))
    have = os.pread(file, SIZE, 0).ljust(SIZE, b"\0")
    assert all(have[n] == CONTENT[n] for n in found)
    # Whole pages of the write that was cut off count too.
    last = spans[-1:]
    cut_stop = [first + min(cut, stop - first) for first, stop in last]
    whole = [(first, stop - stop % PAGE) for (first, _), stop in zip(last, cut_stop, strict=True)]
    assert numbers(spans[:-1]) - numbers(last) <= found
    assert numbers(whole) <= found
    torn = data.draw(st.integers(len(journal.head('"tag"', SIZE)), length))
    os.truncate(place / "notes", torn)
    some, _ = journal.read(place / "notes", file, '"tag"', SIZE) or pytest.fail("no journal")
    assert all(have[n] == CONTENT[n] for n in numbers(list(some)))
    os.close(file)


def test_a_change_on_the_disk_is_found_by_the_page(tmp_path: Path) -> None:
    file = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    notes = journal.begin(tmp_path / "notes", '"tag"', SIZE)
    notes.add(0, memoryview(CONTENT))
    os.pwrite(file, CONTENT, 0)
    os.pwrite(file, b"other", 3 * PAGE + 5)
    notes.close()
    present, _ = journal.read(tmp_path / "notes", file, '"tag"', SIZE) or pytest.fail("no journal")
    assert present.missing(0, SIZE) == [(3 * PAGE, 4 * PAGE)]
    os.close(file)


@pytest.mark.parametrize(("etag", "size"), [('"other"', SIZE), ('"tag"', SIZE + 1)])
def test_a_journal_of_another_version_is_none(tmp_path: Path, etag: str, size: int) -> None:
    journal.begin(tmp_path / "notes", etag, size).close()
    assert journal.read(tmp_path / "notes", -1, '"tag"', SIZE) is None
