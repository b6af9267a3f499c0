"""Calls of user-defined functions: which of its forms a call means, and what it gives."""

from dataclasses import replace
from typing import TYPE_CHECKING

from adql.functions.declaration import UserFunction
from adql.functions.frames import frame_named
from adql.functions.user_functions import USER_FUNCTIONS
from adql.syntax import complaints, tree
from adql.syntax.checks import unwrapped
from adql.syntax.signatures import SIGNATURES
from adql.syntax.tree import Expression
from adql.values import Value

if TYPE_CHECKING:
    from adql.semantics.types import Typing


def user_form(t: "Typing", node: tree.UserCall) -> UserFunction:
    """The first form whose parameters fit the arguments; raises ADQLError where none does."""
    written = node.name.name
    forms = USER_FUNCTIONS.get(written.lower())
    if not forms:
        names = [*USER_FUNCTIONS, *SIGNATURES]
        raise t.fail(node.name, *complaints.unknown_function(written, names))
    for form in forms:
        if len(form.takes) == len(node.arguments) and all(
            _takes(t, wanted, a) for wanted, a in zip(form.takes, node.arguments, strict=True)
        ):
            return form
    given = ", ".join(t.kind_name(a) for a in node.arguments)
    signatures = " or ".join(f.signature for f in forms)
    raise t.fail(node, f"{written}({given}) does not fit {signatures}")


def user_value(t: "Typing", node: tree.UserCall) -> Value:
    """The value of a call."""
    form = user_form(t, node)
    value = form.gives([t.of(argument) for argument in node.arguments])
    if form.frame is None:
        return value
    named = unwrapped(node.arguments[form.frame])
    frame = frame_named(named.value) if isinstance(named, tree.String) else None
    return replace(value, meta=replace(value.meta, frame=None if frame == "ICRS" else frame))


def _takes(t: "Typing", wanted: Value, argument: Expression) -> bool:
    found = t.of(argument)
    if found.kind == "null":
        return True
    if wanted.kind == "geometry":
        any_region = wanted.shape == "region" and found.is_geometry
        return any_region or (found.kind == "geometry" and found.shape == wanted.shape)
    if found.kind == wanted.kind:
        return not wanted.is_integer or found.is_integer
    # A literal date (UDF catalogue 1.2 §2.3: reasonable strings are accepted).
    return wanted.kind == "timestamp" and isinstance(unwrapped(argument), tree.String)
