"""Dates (UDF catalogue 1.2 §2.3)."""

from collections.abc import Callable, Sequence

from adql.functions.declaration import UserFunction
from adql.sql import Sql


def _days_since(zero: str) -> Callable[[Sequence[Sql]], Sql]:
    """Days without regard to time zones: timestamps here have none."""

    def write(arguments: Sequence[Sql]) -> Sql:
        return ("(extract(epoch from ", arguments[0], f")::double precision / 86400 + {zero})")

    return write


TIMES = (
    UserFunction(
        "ivo_to_jd",
        (("d", "TIMESTAMP"),),
        "DOUBLE",
        "A timestamp as Julian Date, without regard to time scales.",
        _days_since("2440587.5"),
        unit="d",
        ucd="time.epoch",
    ),
    UserFunction(
        "ivo_to_mjd",
        (("d", "TIMESTAMP"),),
        "DOUBLE",
        "A timestamp as Modified Julian Date, without regard to time scales.",
        _days_since("40587"),
        unit="d",
        ucd="time.epoch",
    ),
)
