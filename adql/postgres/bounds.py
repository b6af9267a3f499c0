"""Values kept within what PostgreSQL can compute: NULL in place of an error of one row.

Each writes its argument once: an argument may be long, dear or random.  LEAST and GREATEST skip a
NULL, so that the bound stands for it, and NULLIF turns the bound into NULL again.
"""

import math

from adql.sql import Sql
from adql.values import Value

_INTEGERS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
LARGEST: dict[str, float] = {
    **_INTEGERS,
    "real": 3.4028235677973366e38,
    "double precision": 1.7976931348623157e308,
}
"""Bounds of magnitudes by type."""


def number_text(value: float | int) -> str:
    """A bound as SQL."""
    return str(value) if isinstance(value, int) else f"'{value!r}'::double precision"


def within(value: Sql, low: float | int | None, high: float | int | None) -> Sql:
    """The value where low < value < high, else NULL; None is no bound."""
    if high is not None:
        bound = number_text(high)
        value = ("nullif(least(", value, f", {bound}), {bound})")
    if low is not None:
        bound = number_text(low)
        value = ("nullif(greatest(", value, f", {bound}), {bound})")
    return value


def whole(value: Sql, sql_type: str) -> Sql:
    """A number of type numeric or of a whole-number type, as one of these; NULL beyond it."""
    limit = _INTEGERS[sql_type]
    return ("(", within(value, -limit - 1, limit), f")::{sql_type}")


def cast_number(written: Sql, value: Value, sql_type: str) -> Sql:
    """A number as another type of number: halves go to even, NULL beyond the type."""
    if value.sql_type == sql_type:
        return written
    if sql_type in _INTEGERS:
        if value.is_integer:
            if value.magnitude < _INTEGERS[sql_type]:
                return ("(", written, f")::{sql_type}")
            return whole(written, sql_type)
        limit = float(_INTEGERS[sql_type])
        if sql_type == "bigint":
            low, high = math.nextafter(-limit, -math.inf), limit
        else:
            low, high = math.nextafter(-limit - 0.5, -math.inf), limit - 0.5
        return ("(", within(written, low, high), f")::{sql_type}")
    if sql_type == "real" and value.sql_type == "double precision":
        return ("starhaul.to_real(", written, ")")
    return ("(", written, f")::{sql_type}")
