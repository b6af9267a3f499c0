"""SELECT DISTINCT ON: of each group the first row, the groups then in the user's own order.

PostgreSQL's DISTINCT ON wants its keys to lead ORDER BY.  Here the inner query sorts by the keys
and then as the user says, and the outer one as the user says alone.  NULL sorts last in both: a
row without a value is never the best.
"""

from adql.sql import Sql, joined

SortKey = tuple[Sql, str]
"""The number of an output or an expression, and "" or " DESC"."""


def best_of(columns: list[Sql], keys: list[Sql], sort: list[SortKey], rest: Sql) -> Sql:
    """The query of `columns` (already named c1 ... cn); `rest` is FROM and what follows."""
    inner_columns = list(columns)
    inner: list[Sql] = list(keys)
    outer: list[Sql] = []
    for number, (key, direction) in enumerate(sort, 1):
        order = f"{direction} NULLS LAST"
        if isinstance(key, str) and key.isdigit():
            outer.append(f"c{key}{order}")
        else:
            inner_columns.append((key, f" AS s{number}"))
            outer.append(f"s{number}{order}")
        inner.append((key, order))
    chosen: Sql = (
        ("SELECT DISTINCT ON (", joined(", ", keys), ") ", joined(", ", inner_columns)),
        (rest, " ORDER BY ", joined(", ", inner)),
    )
    names = ", ".join(f"c{number}" for number in range(1, len(columns) + 1))
    ordered: Sql = (" ORDER BY ", joined(", ", outer)) if outer else ""
    return ("SELECT ", names, " FROM (", chosen, ") AS best", ordered)
