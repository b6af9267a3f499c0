"""Coverage as a MOC: normalized, and holding the cells it was made from."""

from hypothesis import given
from hypothesis import strategies as st

from service.registry.coverage import ascii_moc


def cells_of(moc: str, order: int) -> set[int]:
    """The cells of an ASCII MOC at one order."""
    found: set[int] = set()
    depth = 0
    for word in moc.split():
        if "/" in word:
            text, _, word = word.partition("/")
            depth = int(text)
        first, _, last = word.partition("-")
        shift = 2 * (order - depth)
        found.update(range(int(first) << shift, (int(last or first) + 1) << shift))
    return found


@given(cells=st.sets(st.integers(0, 12 * 4**3 - 1)))
def test_a_moc_holds_its_cells_alone(cells: set[int]) -> None:
    assert cells_of(ascii_moc(3, cells), 3) == cells


def test_four_cells_of_one_are_that_one() -> None:
    assert ascii_moc(4, [8, 9, 10, 11, 12]) == "3/2 4/12"
    assert ascii_moc(2, range(12 * 16)) == "0/0-11"
    assert ascii_moc(2, []) == ""
