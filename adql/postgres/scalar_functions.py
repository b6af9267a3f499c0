"""SQL of the mathematical functions (ADQL 2.1 tables 1 and 2), NULL outside their domains."""

import math
from collections.abc import Callable, Sequence

from adql.postgres.bounds import within
from adql.sql import Sql, joined

_INFINITY = math.inf
_ABOVE_ONE = math.nextafter(1.0, 2.0)
_BELOW_ZERO = -5e-324
_TOO_LARGE = "'1.7976931348623158e308'::numeric"

_SAME_NAME = {
    "ACOS": "acos", "ASIN": "asin", "ATAN": "atan", "ATAN2": "atan2", "CEILING": "ceil",
    "COS": "cos", "COT": "cot", "DEGREES": "degrees", "FLOOR": "floor",
    "LOG": "ln", "LOG10": "log10", "RADIANS": "radians", "SIN": "sin",
    "SQRT": "sqrt", "TAN": "tan", "PI": "pi",
    "ABS": "abs", "EXP": "starhaul.exp", "POWER": "starhaul.power",
    "MOD": "starhaul.remainder",
}  # fmt: skip
_DOMAINS: dict[str, tuple[float | None, float | None, str]] = {
    "ACOS": (-_ABOVE_ONE, _ABOVE_ONE, "from -1 to 1"),
    "ASIN": (-_ABOVE_ONE, _ABOVE_ONE, "from -1 to 1"),
    "LOG": (0.0, None, "above 0"),
    "LOG10": (0.0, None, "above 0"),
    "SQRT": (_BELOW_ZERO, None, "from 0"),
    **dict.fromkeys(("COS", "COT", "SIN", "TAN"), (-_INFINITY, _INFINITY, "that are finite")),
}


def complaint(name: str, arguments: Sequence[float | None]) -> str | None:
    """Why a function has no value for constant arguments (None is no constant), or None."""
    first, last = (arguments[0], arguments[-1]) if arguments else (None, None)
    if name in _DOMAINS and first is not None:
        low, high, words = _DOMAINS[name]
        if (low is not None and first <= low) or (high is not None and first >= high):
            return f"{name} takes numbers {words}, not {first:g}"
    if last == 0 and name in ("MOD", "COT"):
        return f"{name} by 0 has no value" if name == "MOD" else "COT has no value at 0"
    if name in ("EXP", "POWER") and None not in arguments:
        try:
            known = [float(a) for a in arguments if a is not None]
            result = math.exp(*known) if name == "EXP" else math.pow(*known)
        except (OverflowError, ValueError, ZeroDivisionError):
            result = math.nan
        if math.isnan(result):
            written = ", ".join(f"{a:g}" for a in arguments if a is not None)
            return f"{name}({written}) has no value that a double precision number can hold"
    return None


def math_function(name: str, arguments: list[Sql]) -> Sql:
    """A function of double precision arguments."""
    if name in _DOMAINS:
        low, high, _ = _DOMAINS[name]
        arguments = [within(arguments[0], low, high)]
    if name == "COT":
        arguments = [("nullif(", arguments[0], ", 0)")]
    if name in _OWN:
        return _OWN[name](arguments)
    return (f"{_SAME_NAME[name]}(", joined(", ", arguments), ")")


def _round(arguments: list[Sql]) -> Sql:
    """Halves away from zero, of the decimal number that the shortest text of a double is."""
    if len(arguments) == 1:
        return ("starhaul.round(", arguments[0], ")")
    rounded: Sql = ("round((", arguments[0], ")::text::numeric, ", arguments[1], ")")
    # Rounded up from the largest double it would be no double any more.
    limited: Sql = ("nullif(least(", rounded, f", {_TOO_LARGE}), {_TOO_LARGE})")
    limited = ("nullif(greatest(", limited, f", -{_TOO_LARGE}), -{_TOO_LARGE})")
    return ("(", limited, ")::double precision")


def _truncate(arguments: list[Sql]) -> Sql:
    if len(arguments) == 1:
        return ("trunc(", arguments[0], ")")
    value: Sql = ("(", arguments[0], ")::text::numeric")
    return ("trunc(", value, ", ", arguments[1], ")::double precision")


_OWN: dict[str, Callable[[list[Sql]], Sql]] = {
    "ROUND": _round,
    "TRUNCATE": _truncate,
}
