"""PostgreSQL text in the making: fragments of our own and parameters, put together in order.

A fragment is written by this package or comes from a catalogue's `sql_name`; whatever a user wrote
is a Parameter.  Text is made once, by walking the pieces: nothing is ever substituted into it.
"""

from adql.literals import literal
from adql.translation import Parameter

Sql = str | Parameter | tuple["Sql", ...]


def double(value: float) -> Parameter:
    return Parameter(float(value), "double precision")


def doubles(values: tuple[float, ...]) -> Parameter:
    return Parameter(tuple(map(float, values)), "double precision[]")


def joined(separator: str, pieces: list[Sql]) -> Sql:
    """Pieces with a separator between them."""
    result: list[Sql] = []
    for piece in pieces:
        result += (separator, piece) if result else (piece,)
    return tuple(result)


def _pieces(sql: Sql) -> list[str | Parameter]:
    result: list[str | Parameter] = []
    pending: list[Sql] = [sql]
    while pending:
        piece = pending.pop()
        if isinstance(piece, tuple):
            pending.extend(reversed(piece))
        else:
            result.append(piece)
    return result


def flat(sql: Sql) -> Sql:
    """The same without nesting, which is less to keep."""
    return tuple(_pieces(sql))


def parameters_of(sql: Sql) -> tuple[Parameter, ...]:
    """The distinct parameters in order of their first use: $1, $2, ..."""
    return tuple(dict.fromkeys(p for p in _pieces(sql) if isinstance(p, Parameter)))


def numbered(sql: Sql) -> str:
    """The text with $1 ... $n; equal parameters share a number: GROUP BY compares by it."""
    numbers = {p: n for n, p in enumerate(parameters_of(sql), 1)}
    return "".join(
        p if isinstance(p, str) else f"${numbers[p]}::{p.sql_type}" for p in _pieces(sql)
    )


def rendered(sql: Sql) -> str:
    """The text with its literals in place: what COPY takes."""
    return "".join(p if isinstance(p, str) else literal(p) for p in _pieces(sql))
