"""Types of functions, casts and aggregates."""

from dataclasses import replace
from typing import TYPE_CHECKING

from adql import values
from adql.semantics import units
from adql.semantics.literals import constant_power, is_constant
from adql.semantics.operators import BIGGEST, one_of
from adql.syntax import tree
from adql.syntax.checks import unwrapped, without_frame
from adql.syntax.signatures import SIGNATURES
from adql.syntax.tree import Expression
from adql.values import KIND_NAMES, Value, of_sql_type

if TYPE_CHECKING:
    from adql.semantics.types import Typing

_DOUBLE = "double precision"
_KEEP_UNIT = frozenset({"ABS", "CEILING", "FLOOR", "ROUND", "TRUNCATE"})
_UNITS = {
    **dict.fromkeys(("DISTANCE", "COORD1", "COORD2", "DEGREES"), "deg"),
    **dict.fromkeys(("RADIANS", "ACOS", "ASIN", "ATAN", "ATAN2"), "rad"),
    "AREA": "deg**2",
}
_UCDS = {"DISTANCE": "pos.angDistance", "AREA": "phys.angArea"}
_STATISTICS = {"MIN": "stat.min", "MAX": "stat.max", "AVG": "stat.mean", "SUM": "arith.sum"}
_SIZES = {"CIRCLE": 1, "BOX": 2}  # numbers after the centre
_SHAPES = {"POINT": "point", "CENTROID": "point", "CIRCLE": "circle", "POLYGON": "polygon",
           "BOX": "polygon", "REGION": "region"}  # fmt: skip
_REGIONS = {"POSITION": "point", "POINT": "point", "CIRCLE": "circle", "POLYGON": "polygon",
            "BOX": "polygon"}  # fmt: skip
_CASTS = {"SMALLINT": "smallint", "INTEGER": "integer", "BIGINT": "bigint", "REAL": "real",
          "DOUBLE PRECISION": _DOUBLE, "CHAR": "text", "VARCHAR": "text",
          "TIMESTAMP": "timestamp"}  # fmt: skip
_CASTABLE = {
    "timestamp": ("text", "timestamp", "null"),
    "text": ("text", "number", "timestamp", "null", "boolean"),
}


def aggregate(t: "Typing", node: tree.Aggregate) -> Value:
    if node.name == "COUNT":
        if node.argument is not None:
            t.of(node.argument)
        return of_sql_type("bigint", ucd="meta.number")
    assert node.argument is not None
    statistic = _STATISTICS[node.name]
    if node.name in ("MIN", "MAX"):
        value = t.of(node.argument)
        if value.kind not in ("number", "text", "timestamp", "null"):
            raise t.fail(node, f"{node.name} takes no {value.kind}")
        if value.kind == "null":
            return of_sql_type(_DOUBLE)
        return values.without_identity(value, statistic)
    value = values.without_identity(t.number(node.argument, node.name), statistic)
    exact = node.name == "SUM" and value.is_integer
    return of_sql_type("bigint" if exact else _DOUBLE, value.meta.unit, value.meta.ucd)


def cast(t: "Typing", node: tree.Cast) -> Value:
    """ADQL 2.1 §4.7.1, table 5."""
    value = t.of(node.operand)
    target = node.target.name
    if target in _SHAPES:
        if value.kind != "text":
            raise t.fail(node, f"only a text becomes a {target}")
        return values.geometry(_SHAPES[target])
    sql_type = _CASTS[target]
    if value.kind not in _CASTABLE.get(sql_type, ("number", "text", "null")):
        raise t.fail(node, f"{KIND_NAMES[value.kind]} cannot become {target}")
    if sql_type == "text":
        size = None
        if node.target.length is not None:
            size = str(node.target.length) + ("*" if target == "VARCHAR" else "")
        return values.text(value.meta.datatype == "unicodeChar", size)
    if value.kind != "number":
        return of_sql_type(sql_type)
    kept = values.without_identity(value).meta
    return of_sql_type(sql_type, kept.unit, kept.ucd)


def call(t: "Typing", node: tree.Call) -> Value:
    arguments = without_frame(node)
    if node.name == "COALESCE":
        return one_of(t, arguments)
    if node.name in _SHAPES or SIGNATURES[node.name].forms[0][0:1] in (("geometry",), ("point",)):
        return _geometric(t, node, arguments)
    if node.name in ("LOWER", "UPPER"):
        value = values.without_identity(t.text_value(arguments[0], node.name))
        return values.text(value.meta.datatype == "unicodeChar", None, value.meta.ucd)
    if node.name == "IN_UNIT":
        value = values.without_identity(t.number(arguments[0], node.name))
        unit = unwrapped(arguments[1])
        assert isinstance(unit, tree.String)
        return of_sql_type(_DOUBLE, unit.value, value.meta.ucd)
    operands = [t.number(a, node.name) for a in arguments]
    unit_of = _unit(node.name, arguments, operands)
    if node.name == "ABS" and operands[0].is_integer:
        size = min(operands[0].magnitude, BIGGEST)
        return replace(of_sql_type("bigint", unit_of), at_most=size)
    if node.name == "MOD" and all(v.is_integer for v in operands):
        size = min(v.magnitude for v in operands)
        return replace(of_sql_type(values.wider([v.sql_type for v in operands]), unit_of),
                       at_most=size)  # fmt: skip
    return of_sql_type(_DOUBLE, unit_of)


def _unit(name: str, arguments: tuple[Expression, ...], operands: list[Value]) -> str | None:
    if name in _KEEP_UNIT:
        return operands[0].meta.unit
    if name == "SQRT":
        return units.power(operands[0].meta.unit, 0.5)
    if name == "POWER":
        exponent = constant_power(arguments[1])
        return None if exponent is None else units.power(operands[0].meta.unit, exponent)
    if name == "MOD":
        same = is_constant(arguments[1]) or operands[0].meta.unit == operands[1].meta.unit
        return operands[0].meta.unit if same else None
    return _UNITS.get(name)


def _region(node: tree.Call) -> Value:
    """One shape is a DALI array; a union has no such form and stays the text of its literal."""
    literal = unwrapped(node.arguments[0])
    words = literal.value.upper().split() if isinstance(literal, tree.String) else []
    shapes = [_REGIONS[word] for word in words if word in _REGIONS]
    if len(shapes) == 1 and words[0] in _REGIONS:
        return values.geometry(shapes[0])
    return of_sql_type("text", xtype="adql:REGION")


def _leading_points(t: "Typing", node: tree.Call, arguments: tuple[Expression, ...]) -> int:
    """How many arguments of a shape are points: its centre, or a polygon's vertices (ADQL 2.1
    §4.2); the others are numbers."""
    if node.name in _SIZES:
        return int(len(arguments) == 1 + _SIZES[node.name])
    if node.name == "POLYGON" and t.of(arguments[0]).is_geometry:
        return len(arguments)
    return 0


def _geometric(t: "Typing", node: tree.Call, arguments: tuple[Expression, ...]) -> Value:
    if node.name in _SHAPES and node.name not in ("REGION", "CENTROID"):
        points = _leading_points(t, node, arguments)
        for argument in arguments[:points]:
            t.geometry_value(argument, node.name)
        for argument in arguments[points:]:
            t.number(argument, node.name)
    elif len(arguments) == 4:
        for argument in arguments:
            t.number(argument, node.name)
    elif node.name != "REGION":
        for argument in arguments:
            t.geometry_value(argument, node.name)
    if node.name == "REGION":
        return _region(node)
    if node.name in _SHAPES:
        frames = [t.of(argument).meta.frame for argument in arguments]
        return values.geometry(_SHAPES[node.name], frames[0])
    if node.name == "COORDSYS":
        return of_sql_type("text", ucd="meta.id")
    if node.name in ("CONTAINS", "INTERSECTS"):
        return of_sql_type("integer")
    return of_sql_type(_DOUBLE, _UNITS.get(node.name), _UCDS.get(node.name))
