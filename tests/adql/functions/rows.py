"""Values of calls, as a query gives them."""

from typing import Any

from tests.adql.conftest import Sky


def one_row(sky: Sky, calls: list[str]) -> tuple[Any, ...]:
    """The values of calls that need no column."""
    named = ", ".join(f"{call} AS v{i}" for i, call in enumerate(calls))
    return sky.rows(f"SELECT TOP 1 {named} FROM sky.stars")[0]
