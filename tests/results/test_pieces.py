"""Pieces of bytes are moved as slices would move them one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.results.pieces import gather, move


def _octets(content: bytes) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    return np.frombuffer(content, np.uint8)


@given(st.lists(st.binary(max_size=70), max_size=30), st.integers(0, 9))
def test_pieces_are_moved_as_by_slices(values: list[bytes], gap: int) -> None:
    """Whatever their lengths are, pieces arrive whole, and what lies between them stays."""
    length = np.array([len(value) for value in values], np.int64)
    start = np.cumsum(length) - length
    at = start + gap * np.arange(1, len(values) + 1)
    target = np.full(int(length.sum()) + gap * (len(values) + 1), ord("-"), np.uint8)
    move(target, at, _octets(b"".join(values)), start, length)
    between = b"-" * gap
    assert target.tobytes() == between + b"".join(value + between for value in values)


@given(st.binary(min_size=1, max_size=50), st.data())
def test_pieces_are_joined_in_the_order_asked_for(content: bytes, data: st.DataObject) -> None:
    """They may overlap, and come in any order."""
    place = st.integers(0, len(content))
    pairs = data.draw(st.lists(st.tuples(place, place).map(sorted)))
    start, end = np.array(pairs, np.int64).reshape(-1, 2).T
    joined = gather(_octets(content), start, end - start)
    assert joined.tobytes() == b"".join(content[begin:stop] for begin, stop in pairs)


@pytest.mark.parametrize("length", [5, np.array([3, 5])])
def test_pieces_beyond_the_end_are_refused(
    length: "np.ndarray[tuple[int], np.dtype[np.int64]]",
) -> None:
    """IndexError, and nothing is read that does not belong to the bytes."""
    with pytest.raises(IndexError):
        move(
            np.zeros(20, np.uint8),
            np.array([0, 10]),
            _octets(b"0123456789"),
            np.array([0, 6]),
            length,
        )
