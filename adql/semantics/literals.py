"""What literals are: types of numbers, numbers within strings, constants."""

import re

from adql.syntax import tree
from adql.syntax.checks import unwrapped
from adql.syntax.tree import Expression

_BIG = 2**63
NUMBER = re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*\Z")
"""A number as it may stand in a string."""


def number_type(text: str) -> str:
    """The type of a numeric literal: the smallest integer that holds it, else double precision."""
    if not text.lstrip("+-").isdigit() or len(text) > 20:
        return "double precision"
    value = abs(int(text))
    return "integer" if value < 2**31 else "bigint" if value < _BIG else "double precision"


def numeric_text(expression: Expression) -> float | None:
    """The number that a string literal holds ('30'), or None."""
    inner = unwrapped(expression)
    if isinstance(inner, tree.String) and NUMBER.match(inner.value):
        return float(inner.value)
    return None


def is_constant(expression: Expression) -> bool:
    """Whether a number is written out, PI() included: in arithmetic it has any unit or none."""
    inner = unwrapped(expression)
    if isinstance(inner, tree.Signed):
        return is_constant(inner.operand)
    if isinstance(inner, tree.Arithmetic):
        return all(map(is_constant, (inner.first, *inner.rest)))
    if isinstance(inner, tree.Call) and inner.name == "PI":
        return True
    return isinstance(inner, tree.Number) or numeric_text(inner) is not None


def constant_power(expression: Expression) -> float | None:
    """The value of a signed literal, or None."""
    inner = unwrapped(expression)
    if isinstance(inner, tree.Signed):
        value = constant_power(inner.operand)
        return -value if value is not None and inner.sign == "-" else value
    return float(inner.text) if isinstance(inner, tree.Number) else None
