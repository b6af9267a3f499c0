"""The arithmetic of ranges, against sets of numbers."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from starhaul_client.extents import Extents

SPANS = st.tuples(st.integers(0, 60), st.integers(0, 60))
STEPS = st.lists(st.tuples(st.booleans(), SPANS), max_size=30)


def made(steps: list[tuple[bool, tuple[int, int]]]) -> tuple[Extents, set[int]]:
    """Extents after additions and removals, and the same as a set."""
    extents, numbers = Extents(), set[int]()
    for adds, (first, stop) in steps:
        if adds:
            extents.add(first, stop)
            numbers |= set(range(first, stop))
        else:
            extents.remove(first, stop)
            numbers -= set(range(first, stop))
    return extents, numbers


@given(STEPS)
def test_extents_hold_the_numbers_of_a_set(steps: list[tuple[bool, tuple[int, int]]]) -> None:
    extents, numbers = made(steps)
    assert {n for first, stop in extents for n in range(first, stop)} == numbers
    assert extents.total == len(numbers)
    spans = list(extents)
    assert all(first < stop for first, stop in spans)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))


@given(STEPS, SPANS)
def test_what_is_missing_is_what_the_set_lacks(
    steps: list[tuple[bool, tuple[int, int]]], span: tuple[int, int]
) -> None:
    extents, numbers = made(steps)
    gaps = extents.missing(*span)
    assert [n for first, stop in gaps for n in range(first, stop)] == sorted(
        set(range(*span)) - numbers
    )
    assert all(before[1] < after[0] for before, after in itertools.pairwise(gaps))


@given(STEPS, st.integers(0, 60))
def test_reach_is_the_first_number_that_lacks(
    steps: list[tuple[bool, tuple[int, int]]], first: int
) -> None:
    extents, numbers = made(steps)
    assert extents.reach(first) == next(n for n in range(first, 200) if n not in numbers)
