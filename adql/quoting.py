"""Names and values as ADQL text, for those who write queries by program."""

import math


def identifier(name: str) -> str:
    """A delimited identifier: the name as it is, whatever characters it has (ADQL 2.1 §2.1.3)."""
    return '"' + name.replace('"', '""') + '"'


def string(value: str) -> str:
    """A character string literal."""
    return "'" + value.replace("'", "''") + "'"


def number(value: float) -> str:
    """An approximate numeric literal; ValueError unless finite."""
    if not math.isfinite(value):
        raise ValueError(f"{value!r} has no literal in ADQL")
    return repr(float(value))
