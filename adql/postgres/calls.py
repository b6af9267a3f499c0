"""Functions, aggregates, casts and CASE."""

from typing import TYPE_CHECKING

from adql.functions.declaration import BadArgument
from adql.postgres import scalar_functions
from adql.postgres.arithmetic import negatable
from adql.postgres.bounds import LARGEST, cast_number, whole
from adql.postgres.cells import stored_cell
from adql.semantics import units
from adql.semantics.literals import numeric_text
from adql.semantics.user_calls import user_form
from adql.sky import constants
from adql.sql import Sql, double, joined
from adql.syntax import complaints, tree
from adql.syntax.checks import unwrapped, without_frame
from adql.syntax.tree import Expression
from adql.translation import Parameter
from adql.values import Value

if TYPE_CHECKING:
    from adql.postgres.expressions import Expressions


def aggregate(e: "Expressions", node: tree.Aggregate) -> Sql:
    if node.argument is None:
        return "count(*)"
    distinct = "DISTINCT " if node.quantifier == "DISTINCT" else ""
    result = e.typing.of(node)
    if node.name == "COUNT":
        return (f"count({distinct}", e.emit(node.argument), ")")
    if node.name in ("MIN", "MAX"):
        written = e.as_value(node.argument, result)
        return (f"{node.name.lower()}({distinct}", written, ")")
    if result.sql_type == "bigint":
        return whole((f"sum({distinct}", e.emit(node.argument), ")"), "bigint")
    return (f"{node.name.lower()}({distinct}", e.double(node.argument), ")")


def cast(e: "Expressions", node: tree.Cast) -> Sql:
    target = node.target
    if target.name in ("POINT", "CIRCLE", "POLYGON"):
        if e.sky.constant.shape(node) is not None:
            return e.sky.geometry(node)
        return (f"starhaul.dali_shape('{target.name.lower()}', ", e.emit(node.operand), ")")
    if target.name == "TIMESTAMP":
        return e.timestamp(node.operand)
    if target.name in ("CHAR", "VARCHAR"):
        # What is longer is cut, no blanks are added (ADQL 2.1 §4.7.1).
        written = e.as_text(node.operand)
        if target.length is None:
            return written
        return ("left(", written, ", ", Parameter(target.length, "integer"), ")")
    return _cast_to_number(e, node)


def _cast_to_number(e: "Expressions", node: tree.Cast) -> Sql:
    """NULL for what is no number, or not one of the target's (docs/decisions/0006)."""
    operand, name = node.operand, node.target.name
    sql_type = name.lower()
    value = e.typing.of(operand)
    text = unwrapped(operand)
    if isinstance(text, tree.String) and numeric_text(operand) is None:
        raise complaints.about(e.text, operand, f"'{text.value[:40]}' is no number")
    constant = numeric_text(operand)
    if constant is None:
        constant = constants.number(operand)
    if constant is not None and abs(constant) > LARGEST[sql_type]:
        message = f"{constant:g} is no {name}: it is too large"
        raise complaints.about(e.text, operand, message)
    if value.kind == "null":
        return e.null(operand, sql_type)
    if value.kind == "number":
        return cast_number(e.emit(operand), value, sql_type)
    if sql_type in ("real", "double precision"):
        written: Sql = ("starhaul.to_double(", e.emit(operand), ")")
        return written if sql_type != "real" else ("starhaul.to_real(", written, ")")
    return whole(("starhaul.to_numeric(", e.emit(operand), ")"), sql_type)


def call(e: "Expressions", node: tree.Call) -> Sql:
    name, arguments = node.name, without_frame(node)
    if name in ("CONTAINS", "INTERSECTS"):
        _, exact = e.sky.predicate(node)
        return ("(", exact, ")::integer")
    if name == "DISTANCE":
        return e.sky.distance(node)
    if name == "REGION" and e.typing.of(node).kind == "text":
        e.sky.constant.shape(node)  # refuses a literal that is none
        return e.as_text(arguments[0])
    if name in ("POINT", "CIRCLE", "POLYGON", "BOX", "CENTROID", "REGION"):
        return e.sky.geometry(node)
    if name in ("COORD1", "COORD2"):
        return ("(", e.sky.geometry(arguments[0]), f")[{name[-1]}]")
    if name == "AREA":
        return ("starhaul.area(", e.sky.geometry(arguments[0]), ")")
    if name == "COORDSYS":
        frame = e.typing.of(arguments[0]).meta.frame or "ICRS"
        return (
            "(CASE WHEN ",
            e.sky.geometry(arguments[0]),
            f" IS NOT NULL THEN '{frame}'::text END)",
        )
    if name == "COALESCE":
        value = e.typing.of(node)
        return ("coalesce(", joined(", ", [e.as_value(a, value) for a in arguments]), ")")
    if name in ("LOWER", "UPPER"):
        return (f"{name.lower()}(", e.as_text(arguments[0]), ")")
    if name == "IN_UNIT":
        return _in_unit(e, node)
    known = [constants.number(a) for a in arguments]
    complaint = scalar_functions.complaint(name, known)
    if complaint is not None:
        raise complaints.about(e.text, node, complaint)
    if name in ("ABS", "MOD") and e.typing.of(node).is_integer:
        # Of integers, integers, so that no digit of a long identifier is lost.
        if name == "ABS":
            return ("abs(", negatable(e, arguments[0]), ")")
        return ("mod(", e.emit(arguments[0]), ", nullif(", e.emit(arguments[1]), ", 0))")
    if name == "RAND":
        # The seed has undefined semantics (ADQL 2.1 table 1): one generator serves all.
        return "random()"
    if name in ("ROUND", "TRUNCATE") and len(arguments) == 2:
        digits = known[1]
        if not isinstance(digits, int) or abs(digits) > 1000:
            message = f"the digits of {name} are a whole number from -1000 to 1000"
            raise complaints.about(e.text, arguments[1], message)
        operands = [e.double(arguments[0]), Parameter(digits, "integer")]
        return scalar_functions.math_function(name, operands)
    return scalar_functions.math_function(name, [e.double(a) for a in arguments])


def _in_unit(e: "Expressions", node: tree.Call) -> Sql:
    value, unit = node.arguments
    assert isinstance(unit, tree.String)
    try:
        factor = units.factor(e.typing.of(value).meta.unit, unit.value)
    except units.UnitError as error:
        raise complaints.about(e.text, node, f"IN_UNIT: {error}") from None
    return ("(", e.double(value), " * ", double(factor), ")")


def user_call(e: "Expressions", node: tree.UserCall) -> Sql:
    if user_form(e.typing, node).condition:
        return ("(", predicate(e, node), ")::integer")
    return stored_cell(e, node) or predicate(e, node)


def predicate(e: "Expressions", node: tree.UserCall) -> Sql:
    """A call as its declaration writes it: a value or, of a predicate, the condition."""
    form = user_form(e.typing, node)
    arguments = [
        _argument(e, wanted, argument)
        for wanted, argument in zip(form.takes, node.arguments, strict=True)
    ]
    try:
        return form.sql(arguments)
    except BadArgument as error:
        place = node.arguments[error.index]
        message = f"{form.name}: {error.message}"
        raise complaints.about(e.text, place, message) from None


def _argument(e: "Expressions", wanted: Value, argument: Expression) -> Sql:
    if e.typing.of(argument).kind == "null":
        return f"NULL::{wanted.sql_type}"
    if wanted.kind == "geometry":
        return e.sky.geometry(argument)
    if wanted.sql_type == "double precision":
        return e.double(argument)
    if wanted.kind == "number":
        return cast_number(e.number(argument), e.typing.of(argument), wanted.sql_type)
    return e.as_kind(unwrapped(argument), wanted.kind)


def case(e: "Expressions", node: tree.Case) -> Sql:
    pieces: list[Sql] = ["(CASE"]
    value = e.typing.of(node)
    for branch in node.branches:
        condition: Sql = e.emit(branch.condition)
        if node.subject is not None:
            as_kind = e.typing.compared(node.subject, branch.condition, branch)
            sides = (e.as_kind(node.subject, as_kind), e.as_kind(branch.condition, as_kind))
            condition = (sides[0], " = ", sides[1])
        pieces += (" WHEN ", condition, " THEN ", e.as_value(branch.value, value))
    if node.otherwise is not None:
        pieces += (" ELSE ", e.as_value(node.otherwise, value))
    return (*pieces, " END)")
