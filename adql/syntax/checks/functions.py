"""What the grammar leaves open in calls: which functions, how many arguments of which kind."""

import re
from collections.abc import Callable, Sequence

from adql.functions.user_functions import USER_FUNCTIONS
from adql.syntax import complaints, tree
from adql.syntax.checks.checker import KIND_OF_TYPE, Checker, kind, may_be_point, unwrapped
from adql.syntax.signatures import SIGNATURES, Kind, Signature
from adql.syntax.tree import Expression
from adql.syntax.words import Version

_CAST_TYPES = {*KIND_OF_TYPE, "CHAR", "VARCHAR", "TIMESTAMP"}
_ONLY_2_1 = frozenset({"IN_UNIT", "COALESCE", "LOWER", "UPPER"})
_WHOLE = re.compile(r"[0-9]+\Z")


def aggregate(c: Checker, node: tree.Aggregate) -> None:
    if node.argument is None:
        if node.name != "COUNT":
            c.fail(node, f"{node.name}(*): only COUNT takes *")
        return
    c.value(node.argument)
    if isinstance(unwrapped(node.argument), tree.Aggregate):
        c.fail(node.argument, "an aggregate within an aggregate: use a subquery")


def cast(c: Checker, node: tree.Cast) -> None:
    c.needs_2_1(node, "CAST")
    c.value(node.operand)
    if node.target.name not in _CAST_TYPES:
        alike = complaints.type_of_adql(node.target.name)
        known = alike or f"one of {', '.join(sorted(_CAST_TYPES))}"
        c.fail(node.target, f"no type {node.target.name} in ADQL: write {known}")
    if node.target.length is not None and not (
        node.target.name in ("CHAR", "VARCHAR") and 0 < node.target.length <= 10_000_000
    ):
        c.fail(node.target, "only CHAR and VARCHAR have a length, from 1 to 10000000")


def _forms(signature: Signature, count: int, version: Version) -> list[tuple[Kind, ...]]:
    """The forms that take `count` arguments; ADQL 2.0 has no points for coordinates, nor they."""
    known = list(signature.forms)
    if version == "2.0" and len(known) > 1 and any("point" in form for form in known):
        known = [form for form in known if ("point" in form) != signature.optional_frame]
    if not signature.repeats:
        return [form for form in known if len(form) == count]
    result = []
    for form in known:
        step = 2 if form[:2] == ("number", "number") else 1
        if count >= len(form) and (count - len(form)) % step == 0:
            result.append((form[0],) * count)
    return result


def without_frame(node: tree.Call) -> tuple[Expression, ...]:
    """The arguments without the coordinate system, deprecated by ADQL 2.1 §4.1.5."""
    arguments = node.arguments
    if SIGNATURES[node.name].optional_frame and arguments:
        first = unwrapped(arguments[0])
        if isinstance(first, tree.String | tree.Null | tree.Concatenation):
            return arguments[1:]
    return arguments


def _fits(arguments: Sequence[Expression], form: tuple[Kind, ...]) -> bool:
    return all(
        (wanted == "any" or kind(a) in ("any", "geometry" if wanted == "point" else wanted))
        and not (wanted == "point" and not may_be_point(a))
        for a, wanted in zip(arguments, form, strict=True)
    )


def call(c: Checker, node: tree.Call) -> None:
    signature = SIGNATURES[node.name]
    if node.name in _ONLY_2_1:
        c.needs_2_1(node, node.name)
    arguments = without_frame(node)
    if arguments != node.arguments:
        _frame(c, node)
    elif c.version == "2.0" and signature.optional_frame:
        c.fail(
            node,
            f"in ADQL 2.0 {node.name} starts with a coordinate system: ask for LANG=ADQL-2.1, "
            f"or write {node.name}('', ...)",
        )
    forms = _forms(signature, len(arguments), c.version)
    if not forms:
        count = len(node.arguments)
        known = signature.written(node.name)
        c.fail(node, f"{node.name} does not take {count} arguments: write {known}")
    form = next((form for form in forms if _fits(arguments, form)), forms[0])
    for argument, wanted in zip(arguments, form, strict=True):
        if wanted == "point" and isinstance(argument, tree.Number):
            known = signature.written(node.name)
            c.fail(node, f"{node.name} has a number in the place of a point: write {known}")
        c.expects(argument, wanted, node.name)
    check = _LITERAL_ARGUMENTS.get(node.name)
    if check is not None:
        check(c, node)


def _frame(c: Checker, node: tree.Call) -> None:
    """ADQL 2.0 takes any text for a coordinate system, 2.1 a literal (its Appendix A)."""
    if c.version != "2.0" and isinstance(unwrapped(node.arguments[0]), tree.Concatenation):
        c.fail(node.arguments[0], f"{node.name} takes a coordinate system as one string")


def _unit(c: Checker, node: tree.Call) -> None:
    if not isinstance(node.arguments[1], tree.String):
        c.fail(node.arguments[1], "IN_UNIT takes the unit as a string: 'deg'")


def _region(c: Checker, node: tree.Call) -> None:
    if c.version != "2.0" and not isinstance(node.arguments[0], tree.String):
        c.fail(node.arguments[0], "REGION takes a string literal")


def _is_whole(expression: Expression) -> bool:
    return isinstance(expression, tree.Number) and _WHOLE.match(expression.text) is not None


def _digits(c: Checker, node: tree.Call) -> None:
    if len(node.arguments) == 2:
        digits = node.arguments[1]
        if not _is_whole(digits.operand if isinstance(digits, tree.Signed) else digits):
            c.fail(digits, f"{node.name} takes the number of digits as a whole number")


def _seed(c: Checker, node: tree.Call) -> None:
    if node.arguments and not _is_whole(node.arguments[0]):
        c.fail(node.arguments[0], "RAND takes a whole number, or nothing")


_LITERAL_ARGUMENTS: dict[str, Callable[[Checker, tree.Call], None]] = {
    "IN_UNIT": _unit,
    "REGION": _region,
    "ROUND": _digits,
    "TRUNCATE": _digits,
    "RAND": _seed,
}
"""Functions with an argument that the grammar wants as a literal."""


def user_call(c: Checker, node: tree.UserCall) -> None:
    name = node.name.name
    if "_" not in name and name.lower() not in USER_FUNCTIONS:
        c.fail(node.name, *complaints.unknown_function(name, [*SIGNATURES, *USER_FUNCTIONS]))
    for argument in node.arguments:
        c.value(argument)
