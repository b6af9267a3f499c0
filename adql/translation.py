"""What a translated query is: one SELECT, its typed parameters, its described columns."""

from collections.abc import Callable
from dataclasses import dataclass

from adql.catalogue import Table
from adql.columns import OutputColumn


@dataclass(frozen=True, slots=True)
class Parameter:
    """A literal of the query: its Python value and the PostgreSQL type it is cast to."""

    value: int | float | str | bool | tuple[int, ...] | tuple[float, ...] | tuple[str, ...] | None
    sql_type: str


@dataclass(frozen=True, slots=True)
class Note:
    """What the author of an accepted query should know; place as in ADQLError."""

    message: str
    line: int
    column: int
    length: int

    def __str__(self) -> str:
        return f"{self.message} at line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True)
class Translation:
    """A query as one PostgreSQL SELECT.

    `sql` has $1 ... $n for `parameters`; its columns are c1 ... cn, described by `columns`.
    `tables` are the catalogue's tables it reads; `top` is the TOP of the query itself, or None.
    `notes` say where the query may not mean what its author thinks; there may be none.
    """

    columns: tuple[OutputColumn, ...]
    parameters: tuple[Parameter, ...]
    sql: str
    tables: tuple[Table, ...]
    top: int | None
    notes: tuple[Note, ...]
    _render: Callable[[], str]

    def literal_sql(self) -> str:
        """The same SELECT without parameters: the only text to be handed to COPY."""
        return self._render()
