"""Types of expressions, bottom up, with their metadata; what does not fit is refused here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from adql import values
from adql.semantics.resolve import Output, Resolution, SourceColumn, Visible
from adql.semantics.user_calls import user_value
from adql.syntax import complaints, tree
from adql.syntax.checks import unwrapped, without_frame
from adql.syntax.signatures import SIGNATURES
from adql.syntax.tree import Expression, Node
from adql.values import BOOLEAN, NULL, Value, of_sql_type

_DOUBLE = "double precision"
_KEEP_UNIT = frozenset({"ABS", "CEILING", "FLOOR", "ROUND", "TRUNCATE"})
_EXACT = frozenset({"ABS", "MOD"})
_UNITS = {
    **dict.fromkeys(("DISTANCE", "COORD1", "COORD2", "DEGREES"), "deg"),
    **dict.fromkeys(("RADIANS", "ACOS", "ASIN", "ATAN", "ATAN2"), "rad"),
    "AREA": "deg**2",
}
_UCDS = {"DISTANCE": "pos.angDistance", "AREA": "phys.angArea"}
_OTHER_FRAMES = {
    "GALACTIC",
    "GALACTIC_I",
    "GALACTIC_II",
    "SUPERGALACTIC",
    "ECLIPTIC",
    "FK4",
    "B1950",
}
_SIZES = {"CIRCLE": 1, "BOX": 2}  # numbers after the centre
_SHAPES = {"POINT": "point", "CENTROID": "point", "CIRCLE": "circle", "POLYGON": "polygon",
           "BOX": "polygon", "REGION": "region"}  # fmt: skip
_CASTS = {"SMALLINT": "smallint", "INTEGER": "integer", "BIGINT": "bigint", "REAL": "real",
          "DOUBLE PRECISION": _DOUBLE, "CHAR": "text", "VARCHAR": "text",
          "TIMESTAMP": "timestamp"}  # fmt: skip
_KINDS = {"number": "a number", "text": "a text", "timestamp": "a timestamp", "null": "NULL",
          "geometry": "a geometry", "boolean": "a truth value", "other": "an array"}  # fmt: skip
_BIG = 2**63


def number_type(text: str) -> str:
    """The type of a numeric literal: the smallest integer that holds it, else double precision."""
    if not text.lstrip("+-").isdigit() or len(text) > 20:
        return _DOUBLE
    value = abs(int(text))
    return "integer" if value < 2**31 else "bigint" if value < _BIG else _DOUBLE


def numeric_text(expression: Expression) -> float | None:
    """The number that a string literal holds ('30'), or None."""
    inner = unwrapped(expression)
    if not isinstance(inner, tree.String):
        return None
    try:
        return float(inner.value)
    except ValueError:
        return None


class Typing:
    """The types of one resolved query; each node is typed once."""

    def __init__(self, text: str, resolution: Resolution) -> None:
        self.text = text
        self.resolution = resolution
        self._known: dict[int, Value] = {}
        self._outputs: dict[int, tuple[Value, ...]] = {}

    def fail(self, node: Node, message: str, suggestion: str | None = None) -> Exception:
        return complaints.about(self.text, node, message, suggestion)

    def of(self, node: Expression) -> Value:
        """The value of an expression."""
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = _RULES[type(node)](self, node)
        return known

    def of_outputs(self, query: tree.Query | tree.Select | tree.SetOperation) -> tuple[Value, ...]:
        """The values of the columns that a query gives."""
        if isinstance(query, tree.Query):
            return self.of_outputs(query.body)
        known = self._outputs.get(id(query))
        if known is None:
            if isinstance(query, tree.SetOperation):
                known = self._combined(query)
            else:
                known = tuple(self.of_output(o) for o in self.resolution.outputs[id(query)])
            self._outputs[id(query)] = known
        return known

    def of_output(self, output: Output) -> Value:
        if output.expression is not None:
            return self.of(output.expression)
        assert output.visible is not None
        return self.of_visible(output.visible)

    def of_visible(self, visible: Visible) -> Value:
        return self.of_source_column(visible.parts[0])

    def of_source_column(self, column: SourceColumn) -> Value:
        if column.column is not None:
            return values.of_column(column.column.meta, column.column.sql_type)
        source = column.source
        query = source.query
        if source.common is not None:
            query = source.common.query
        assert query is not None
        return self.of_outputs(query)[column.index]

    def _combined(self, node: tree.SetOperation) -> tuple[Value, ...]:
        known = list(self.of_outputs(node.first))
        for operand in node.rest:
            for index, other in enumerate(self.of_outputs(operand)):
                known[index] = self.common_value(known[index], other, operand)
        return tuple(known)

    def common_value(self, a: Value, b: Value, node: Node) -> Value:
        """The type of a column that is one of two values; the first gives the metadata."""
        if b.kind == "null" or a == b:
            return a
        if a.kind == "null":
            return b
        if a.kind != b.kind:
            raise self.fail(node, f"{_KINDS[a.kind]} and {_KINDS[b.kind]} in one column")
        if a.kind != "number":
            return a
        wide = of_sql_type(values.wider([a.sql_type, b.sql_type]))
        unit = a.meta.unit if a.meta.unit == b.meta.unit else None
        return Value(
            "number",
            wide.sql_type,
            replace(a.meta, datatype=wide.meta.datatype, unit=unit),
        )

    def kind_name(self, node: Expression) -> str:
        """What an expression is, in words."""
        value = self.of(node)
        if value.is_integer:
            return "a whole number"
        return f"a {value.shape}" if value.shape else _KINDS[value.kind]

    # -- what places ask for

    def number(self, node: Expression, where: str) -> Value:
        value = self.of(node)
        if value.kind in ("number", "null"):
            return value
        number = numeric_text(node)
        if number is not None:
            return of_sql_type(_DOUBLE)
        raise self.fail(node, f"{where} takes a number, not {_KINDS[value.kind]}")

    def text_value(self, node: Expression, where: str) -> Value:
        value = self.of(node)
        if value.kind not in ("text", "null", "number", "timestamp"):
            raise self.fail(node, f"{where} takes a text, not {_KINDS[value.kind]}")
        return value

    def geometry_value(self, node: Expression, where: str) -> Value:
        value = self.of(node)
        if not (value.is_geometry or value.kind == "null"):
            raise self.fail(node, f"{where} takes a geometry, not {_KINDS[value.kind]}")
        return value

    def compared(self, left: Expression, right: Expression, node: Node) -> str:
        """The kind as which two expressions are compared."""
        a, b = self.of(left), self.of(right)
        if a.kind == "null" or b.kind == "null" or a.kind == b.kind:
            return a.kind if b.kind == "null" else b.kind
        kinds = {a.kind, b.kind}
        texts = [e for e, v in ((left, a), (right, b)) if v.kind == "text"]
        if texts and isinstance(unwrapped(texts[0]), tree.String):
            if kinds == {"number", "text"} and numeric_text(texts[0]) is not None:
                return "number"
            if kinds == {"timestamp", "text"}:
                return "timestamp"
        raise self.fail(node, f"{_KINDS[a.kind]} is compared with {_KINDS[b.kind]}")


def _column(t: Typing, node: tree.ColumnReference) -> Value:
    return t.of_visible(t.resolution.columns[id(node)])


def _signed(t: Typing, node: tree.Signed) -> Value:
    value = t.number(node.operand, node.sign)
    return of_sql_type(value.sql_type if value.kind == "number" else _DOUBLE, value.meta.unit,
                       value.meta.ucd)  # fmt: skip


def _arithmetic(t: Typing, node: tree.Arithmetic) -> Value:
    operands = [t.number(o, node.operators[0]) for o in (node.first, *node.rest)]
    types = [v.sql_type for v in operands if v.kind == "number"]
    result = values.wider(types) if types and len(types) == len(operands) else _DOUBLE
    if result == "smallint":
        result = "integer"
    units = {v.meta.unit for v in operands}
    keep = node.operators[0] in "+-" and len(units) == 1
    return of_sql_type(result, units.pop() if keep else None)


def _concatenation(t: Typing, node: tree.Concatenation) -> Value:
    for operand in node.operands:
        t.text_value(operand, "||")
    return of_sql_type("text")


def _logical(t: Typing, node: tree.Logical) -> Value:
    for operand in node.operands:
        t.of(operand)
    return BOOLEAN


def _comparison(t: Typing, node: tree.Comparison) -> Value:
    t.compared(node.left, node.right, node)
    return BOOLEAN


def _between(t: Typing, node: tree.Between) -> Value:
    t.compared(node.value, node.low, node)
    t.compared(node.value, node.high, node)
    return BOOLEAN


def _in_list(t: Typing, node: tree.InList) -> Value:
    for item in node.items:
        t.compared(node.value, item, item)
    return BOOLEAN


def _in_literals(t: Typing, node: tree.InLiterals) -> Value:
    kind = t.of(node.value).kind
    if kind not in ("number", "text", "timestamp", "null"):
        raise t.fail(node, f"{_KINDS[kind]} is compared with a list")
    if kind == "text" and node.kind != "strings":
        raise t.fail(node, "a text is compared with numbers: write them between single quotes")
    if kind == "timestamp" and node.kind != "strings":
        raise t.fail(node, "a timestamp is compared with numbers")
    return BOOLEAN


def _in_query(t: Typing, node: tree.InQuery) -> Value:
    outputs = t.of_outputs(node.query)
    if len(outputs) != 1:
        raise t.fail(node.query, f"IN needs a query of one column, not {len(outputs)}")
    value = t.of(node.value)
    if value.kind != outputs[0].kind:
        message = f"{_KINDS[value.kind]} is compared with {_KINDS[outputs[0].kind]}"
        raise t.fail(node, message)
    return BOOLEAN


def _like(t: Typing, node: tree.Like) -> Value:
    for operand in (node.value, node.pattern):
        if t.of(operand).kind not in ("text", "null"):
            raise t.fail(operand, f"LIKE compares texts, not {_KINDS[t.of(operand).kind]}")
    return BOOLEAN


def _exists(t: Typing, node: tree.Exists) -> Value:
    t.of_outputs(node.query)
    return BOOLEAN


def _scalar_query(t: Typing, node: tree.ScalarQuery) -> Value:
    outputs = t.of_outputs(node.query)
    if len(outputs) != 1:
        raise t.fail(node, f"a query as a value has one column, not {len(outputs)}")
    return outputs[0]


def _aggregate(t: Typing, node: tree.Aggregate) -> Value:
    if node.name == "COUNT":
        if node.argument is not None:
            t.of(node.argument)
        return of_sql_type("bigint", ucd="meta.number")
    assert node.argument is not None
    if node.name in ("MIN", "MAX"):
        value = t.of(node.argument)
        if value.kind not in ("number", "text", "timestamp", "null"):
            raise t.fail(node, f"{node.name} takes no {value.kind}")
        return values.without_identity(value)
    value = values.without_identity(t.number(node.argument, node.name))
    exact = node.name == "SUM" and value.is_integer
    return of_sql_type("bigint" if exact else _DOUBLE, value.meta.unit, value.meta.ucd)


def _cast(t: Typing, node: tree.Cast) -> Value:
    value = t.of(node.operand)
    target = node.target.name
    if target in _SHAPES:
        if value.kind != "text":
            raise t.fail(node, f"only a text becomes a {target}")
        return values.geometry(_SHAPES[target])
    sql_type = _CASTS[target]
    allowed = {"timestamp": ("text", "timestamp", "null"), "text": ("text", "number", "timestamp",
               "null", "boolean")}.get(sql_type, ("number", "text", "null"))  # fmt: skip
    if value.kind not in allowed:
        raise t.fail(node, f"{_KINDS[value.kind]} cannot become {target}")
    kept = (value.meta.unit, value.meta.ucd) if value.kind == "number" else (None, None)
    return of_sql_type(sql_type, *kept)


def _call(t: Typing, node: tree.Call) -> Value:
    arguments = without_frame(node)
    if node.name == "COALESCE":
        found = t.of(arguments[0])
        for argument in arguments[1:]:
            found = t.common_value(found, t.of(argument), argument)
        return found
    if node.name in _SHAPES or SIGNATURES[node.name].forms[0][0:1] in (("geometry",), ("point",)):
        return _geometric(t, node, arguments)
    if node.name in ("LOWER", "UPPER"):
        t.text_value(arguments[0], node.name)
        return of_sql_type("text", ucd=t.of(arguments[0]).meta.ucd)
    if node.name == "IN_UNIT":
        value = t.number(arguments[0], node.name)
        unit = arguments[1]
        assert isinstance(unit, tree.String)
        return of_sql_type(_DOUBLE, unit.value, value.meta.ucd)
    operands = [t.number(a, node.name) for a in arguments]
    if node.name in _EXACT and all(v.is_integer for v in operands):
        result = values.wider([v.sql_type for v in operands])
    else:
        result = _DOUBLE
    unit_of = operands[0].meta.unit if node.name in _KEEP_UNIT else _UNITS.get(node.name)
    return of_sql_type(result, unit_of)


def _refuse_other_frames(t: Typing, node: tree.Call) -> None:
    """The argument is deprecated and ignored (ADQL 2.1 §4.2.4), but never where positions of a
    named other system would be taken for ICRS."""
    first = unwrapped(node.arguments[0]) if SIGNATURES[node.name].optional_frame else None
    if isinstance(first, tree.String):
        words = first.value.split()
        if words and words[0].upper() in _OTHER_FRAMES:
            raise t.fail(
                first,
                f"coordinates in {words[0]} cannot be used: this archive's positions are ICRS; "
                "give ICRS coordinates and leave the argument out",
            )


def _leading_points(t: Typing, node: tree.Call, arguments: tuple[Expression, ...]) -> int:
    """How many arguments of a shape are points: its centre, or a polygon's vertices (ADQL 2.1
    §4.2); the others are numbers."""
    if node.name in _SIZES:
        return int(len(arguments) == 1 + _SIZES[node.name])
    if node.name == "POLYGON" and t.of(arguments[0]).is_geometry:
        return len(arguments)
    return 0


def _geometric(t: Typing, node: tree.Call, arguments: tuple[Expression, ...]) -> Value:
    if node.arguments:
        _refuse_other_frames(t, node)
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
    if node.name in _SHAPES:
        return values.geometry(_SHAPES[node.name])
    if node.name == "COORDSYS":
        return of_sql_type("text", ucd="meta.id")
    if node.name in ("CONTAINS", "INTERSECTS"):
        return of_sql_type("integer")
    return of_sql_type(_DOUBLE, _UNITS.get(node.name), _UCDS.get(node.name))


def _case(t: Typing, node: tree.Case) -> Value:
    for branch in node.branches:
        if node.subject is not None:
            t.compared(node.subject, branch.condition, branch)
        else:
            t.of(branch.condition)
    results = [b.value for b in node.branches] + ([node.otherwise] if node.otherwise else [])
    found = t.of(results[0])
    for result in results[1:]:
        found = t.common_value(found, t.of(result), result)
    return found


def _not(t: Typing, node: tree.Not) -> Value:
    return t.of(node.operand)


def _is_null(t: Typing, node: tree.IsNull) -> Value:
    t.of(node.value)
    return BOOLEAN


_RULES: dict[type[Node], Callable[[Typing, Any], Value]] = {
    tree.Number: lambda t, n: of_sql_type(number_type(n.text)),
    tree.String: lambda t, n: of_sql_type("text"),
    tree.Null: lambda t, n: NULL,
    tree.Boolean: lambda t, n: BOOLEAN,
    tree.Parens: lambda t, n: t.of(n.operand),
    tree.ColumnReference: _column,
    tree.Signed: _signed,
    tree.Arithmetic: _arithmetic,
    tree.Concatenation: _concatenation,
    tree.Logical: _logical,
    tree.Not: _not,
    tree.Comparison: _comparison,
    tree.Between: _between,
    tree.InList: _in_list,
    tree.InLiterals: _in_literals,
    tree.InQuery: _in_query,
    tree.Like: _like,
    tree.IsNull: _is_null,
    tree.Exists: _exists,
    tree.ScalarQuery: _scalar_query,
    tree.Aggregate: _aggregate,
    tree.Cast: _cast,
    tree.Call: _call,
    tree.UserCall: user_value,
    tree.Case: _case,
}
