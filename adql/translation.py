"""What a translated query is: one SELECT, its typed parameters, its described columns."""

from dataclasses import dataclass

from adql.columns import OutputColumn


@dataclass(frozen=True, slots=True)
class Parameter:
    """A literal of the query: its Python value and the PostgreSQL type it is cast to."""

    value: int | float | str | bool | None | tuple[int, ...] | tuple[float, ...] | tuple[str, ...]
    sql_type: str
