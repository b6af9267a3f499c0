"""The one place where a value becomes text of SQL (DESIGN: COPY takes no parameters).

Numbers go through int and float, text becomes E'...' with quote and backslash doubled, everything
has a cast.  NUL, which PostgreSQL's text cannot hold, is refused.
"""

import math

from adql.errors import ADQLError
from adql.translation import Parameter


def _text(value: str) -> str:
    if "\0" in value:
        raise ADQLError("NUL character in a string")
    doubled = value.replace("\\", "\\\\").replace("'", "''")
    return f"E'{doubled}'"


def _float(value: float) -> str:
    value = float(value)
    if math.isnan(value):
        return "'NaN'"
    if math.isinf(value):
        return "'Infinity'" if value > 0 else "'-Infinity'"
    return f"'{value!r}'"


def _array(values: tuple[int, ...] | tuple[float, ...] | tuple[str, ...]) -> str:
    """An array in PostgreSQL's text form, itself a string: '{1,2}', '{"a","b"}'."""
    elements = (_quoted(v) if isinstance(v, str) else repr(v) for v in values)
    return _text("{" + ",".join(elements) + "}")


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def literal(parameter: Parameter) -> str:
    """SQL text of a parameter, with its cast."""
    value, sql_type = parameter.value, parameter.sql_type
    if value is None:
        return f"NULL::{sql_type}"
    if isinstance(value, bool):
        return f"{'TRUE' if value else 'FALSE'}::{sql_type}"
    if isinstance(value, int):
        return f"'{value:d}'::{sql_type}"
    if isinstance(value, float):
        return f"{_float(value)}::{sql_type}"
    if isinstance(value, str):
        return f"{_text(value)}::{sql_type}"
    return f"{_array(value)}::{sql_type}"
