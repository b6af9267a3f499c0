"""What a user-defined function is: one declaration gives name, signature, description and SQL.

The types are the ADQL types of TAP 1.1 §2.5; an array is a type followed by `[]`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adql.sql import Sql
from adql.translation import Parameter
from adql.values import Value, geometry, of_sql_type, without_identity

TYPES: dict[str, Value] = {
    "VARCHAR": of_sql_type("text"),
    "INTEGER": of_sql_type("integer"),
    "BIGINT": of_sql_type("bigint"),
    "DOUBLE": of_sql_type("double precision"),
    "TIMESTAMP": of_sql_type("timestamp"),
    "POINT": geometry("point"),
    "CIRCLE": geometry("circle"),
    "POLYGON": geometry("polygon"),
    "REGION": geometry("region"),
    "INTEGER[]": of_sql_type("integer[]"),
    "DOUBLE[]": of_sql_type("double precision[]"),
}


class BadArgument(ValueError):
    """An argument that has the right type but not a value the function can take."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index
        self.message = message


@dataclass(frozen=True, slots=True)
class UserFunction:
    """One form of a function; several forms may share a name.

    `sql` writes a call from its arguments: a literal arrives as a Parameter. It raises BadArgument.
    It uses each argument once, because an argument may be random. With `condition` it writes a
    truth value, and the function is 1 where that is true and 0 where it is not: compared with 1,
    the condition itself reaches PostgreSQL, which may have an index for it.

    `like` are the parameters whose unit the result keeps where they agree on it; `{}` in `ucd`
    stands for the UCD of these. `frame` is the parameter whose literal names the reference frame of
    the result. A `random` function gives another value at each call.
    """

    name: str
    parameters: tuple[tuple[str, str], ...]
    returns: str
    description: str
    sql: Callable[[Sequence[Sql]], Sql]
    aggregate: bool = False
    condition: bool = False
    unit: str | None = None
    ucd: str | None = None
    like: tuple[int, ...] = ()
    frame: int | None = None
    random: bool = False

    @property
    def signature(self) -> str:
        """As TAPRegExt writes it: name(parameter TYPE, ...) -> TYPE."""
        parameters = ", ".join(f"{name} {kind}" for name, kind in self.parameters)
        return f"{self.name}({parameters}) -> {self.returns}"

    @property
    def takes(self) -> tuple[Value, ...]:
        """The values its parameters are."""
        return tuple(TYPES[kind] for _, kind in self.parameters)

    def gives(self, arguments: Sequence[Value]) -> Value:
        """The value it returns for these arguments."""
        value = TYPES[self.returns]
        if value.kind == "geometry":
            return value
        kept = [without_identity(arguments[index]).meta for index in self.like]
        units = {meta.unit for meta in kept}
        ucds = {meta.ucd for meta in kept}
        unit = units.pop() if len(units) == 1 else self.unit
        ucd = self.ucd
        if ucd and "{}" in ucd:
            same = ucds.pop() if len(ucds) == 1 else None
            ucd = ucd.replace("{}", same) if same else None
        return of_sql_type(value.sql_type, unit, ucd)


def call(function: str) -> Callable[[Sequence[Sql]], Sql]:
    """SQL that hands the arguments, in their order, to a function of PostgreSQL."""

    def write(arguments: Sequence[Sql]) -> Sql:
        pieces: list[Sql] = [f"{function}("]
        for index, argument in enumerate(arguments):
            pieces += (", ", argument) if index else (argument,)
        return (*pieces, ")")

    return write


def literal(argument: Sql) -> int | float | str | None:
    """The value of an argument that is one literal; None for anything else."""
    if isinstance(argument, Parameter) and isinstance(argument.value, int | float | str):
        return argument.value
    return None
