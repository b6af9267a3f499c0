"""A tree without recursion: its depth costs no stack."""

from collections.abc import Iterator
from dataclasses import fields

from adql.syntax.tree.expressions import UserCall
from adql.syntax.tree.nodes import Node
from adql.syntax.tree.queries import CommonTable


def _child_fields(kind: type[Node]) -> tuple[str, ...]:
    plain = {"span", "name", "text", "texts", "are_strings", "operators", "operator"}
    if kind is CommonTable or kind is UserCall:
        plain = plain - {"name"}
    return tuple(f.name for f in fields(kind) if f.name not in plain)


_CHILD_FIELDS: dict[type[Node], tuple[str, ...]] = {}


def children(node: Node) -> Iterator[Node]:
    """The direct children of a node, in the order of the text."""
    kind = type(node)
    names = _CHILD_FIELDS.get(kind)
    if names is None:
        names = _CHILD_FIELDS[kind] = _child_fields(kind)
    for name in names:
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, Node):
                    yield item


def walk(root: Node) -> Iterator[tuple[Node, int]]:
    """Every node below and with `root`, with its depth; in the order of the text."""
    pending = [(root, 1)]
    while pending:
        node, depth = pending.pop()
        yield node, depth
        below = [(child, depth + 1) for child in children(node)]
        pending.extend(reversed(below))
