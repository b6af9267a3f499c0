"""What is said of a comparison between values of two kinds, which SQL would refuse or guess at."""

from adql.syntax import tree
from adql.syntax.checks import unwrapped
from adql.syntax.tree import Expression
from adql.values import KIND_NAMES, Value, ValueKind

Side = tuple[Expression, Value]


def _written(text: str, expression: Expression) -> str:
    written = text[slice(*expression.span)]
    return written if len(written) <= 40 and "\n" not in written else "..."


def mismatch(text: str, left: Side, right: Side) -> str:
    """Which sides are of which kind, and what makes them alike."""
    sides = {value.kind: _written(text, expression) for expression, value in (left, right)}
    literals = {value.kind for expression, value in (left, right) if _is_literal(expression)}
    (a, first), (b, second) = ((_written(text, e), v) for e, v in (left, right))
    told = f"{a} is {KIND_NAMES[first.kind]}, {b} is {KIND_NAMES[second.kind]}"
    remedy = _remedy(sides, literals)
    return f"{told}: {remedy}" if remedy else told


def _is_literal(expression: Expression) -> bool:
    inner = unwrapped(expression)
    if isinstance(inner, tree.Signed):
        inner = unwrapped(inner.operand)
    return isinstance(inner, tree.Number | tree.String | tree.Boolean)


def _remedy(sides: dict[ValueKind, str], literals: set[ValueKind]) -> str:
    kinds = set(sides)
    if kinds == {"number", "text"}:
        if "number" in literals:
            return f"write '{sides['number']}' between single quotes"
        if "text" in literals:
            return "write a number without quotes"
        return f"write CAST({sides['number']} AS VARCHAR)"
    if kinds == {"number", "timestamp"}:
        return f"write ivo_to_mjd({sides['timestamp']}), which is in days"
    if kinds == {"text", "timestamp"}:
        return f"write CAST({sides['text']} AS TIMESTAMP)"
    if "boolean" in literals:
        return "write 1 for TRUE, 0 for FALSE"
    if "boolean" in kinds:
        return "write TRUE or FALSE"
    if "geometry" in kinds:
        return "write CONTAINS, INTERSECTS, DISTANCE or AREA, which give numbers"
    return ""
