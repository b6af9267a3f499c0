"""SQL of the mathematical and string functions (ADQL 2.1 tables 1 and 2)."""

from collections.abc import Callable

from adql.sql import Sql

_SAME_NAME = {
    "ACOS": "acos", "ASIN": "asin", "ATAN": "atan", "ATAN2": "atan2", "CEILING": "ceil",
    "COS": "cos", "COT": "cot", "DEGREES": "degrees", "EXP": "exp", "FLOOR": "floor",
    "LOG": "ln", "LOG10": "log10", "POWER": "power", "RADIANS": "radians", "SIN": "sin",
    "SQRT": "sqrt", "TAN": "tan", "PI": "pi",
}  # fmt: skip


def _decimal(name: str) -> Callable[[list[Sql]], Sql]:
    """ROUND and TRUNCATE in numeric, which counts digits and rounds halves away from zero."""

    def build(arguments: list[Sql]) -> Sql:
        digits: Sql = arguments[1] if len(arguments) == 2 else "0"
        return (f"{name}((", arguments[0], ")::numeric, ", digits, ")::double precision")

    return build


_OWN: dict[str, Callable[[list[Sql]], Sql]] = {
    "ROUND": _decimal("round"),
    "TRUNCATE": _decimal("trunc"),
    # The seed has undefined semantics (ADQL 2.1 table 1): one generator serves all.
    "RAND": lambda a: "random()",
}


def math_function(name: str, arguments: list[Sql]) -> Sql:
    """A function of double precision arguments, as SQL."""
    if name in _OWN:
        return _OWN[name](arguments)
    pieces: list[Sql] = [f"{_SAME_NAME[name]}("]
    for index, argument in enumerate(arguments):
        pieces += (", ", argument) if index else (argument,)
    return (*pieces, ")")
