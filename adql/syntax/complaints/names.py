"""Names that mean nothing: the nearest that does, or what other dialects mean by it."""

import difflib
from collections.abc import Iterable

from adql.functions.elsewhere import advice
from adql.syntax.complaints import foreign


def nearest(name: str, candidates: Iterable[str], likeness: float = 0.6) -> str | None:
    """The candidate that is near enough to be meant, or None; likeness 1 is the same."""
    folded = {candidate.lower(): candidate for candidate in candidates}
    found = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=likeness)
    return folded[found[0]] if found else None


def unknown_function(name: str, known: Iterable[str]) -> tuple[str, str | None]:
    """Message and suggestion for a call of a function that does not exist."""
    said = advice(name)
    if said:
        return said, None
    near = nearest(name, known)
    return f"no function '{name}'" + ("" if near else ": capabilities list them all"), near


def foreign_column(name: str) -> str | None:
    """Message for a name that other servers know although no table has it as a column."""
    remedy = foreign.COLUMNS.get(name.upper())
    return f"{name} is not ADQL: {remedy}" if remedy else None


def type_of_adql(name: str) -> str | None:
    """The type that holds what a type of another server holds, or None."""
    return foreign.TYPES.get(name.upper())
