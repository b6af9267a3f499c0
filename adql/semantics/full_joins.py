"""FULL OUTER JOIN: what PostgreSQL can join so."""

from adql.semantics.scopes import Resolution, columns_within, sources_within
from adql.syntax import tree
from adql.syntax.checks import unwrapped
from adql.syntax.tree import Expression


def pairs_by_equality(resolution: Resolution, node: tree.Join) -> bool:
    """Whether ON holds, in all cases, an equality between the two sides: PostgreSQL joins fully by
    hashing or merging alone."""
    left = sources_within(resolution, [node.left])
    right = sources_within(resolution, [node.right])

    def is_of(side: Expression, sources: set[int]) -> bool:
        parts = [part for v in columns_within(resolution, side) for part in v.parts]
        return bool(parts) and all(id(part.source) in sources for part in parts)

    pending = [unwrapped(node.on)] if node.on is not None else []
    while pending:
        condition = pending.pop()
        if isinstance(condition, tree.Logical) and condition.operator == "AND":
            pending += map(unwrapped, condition.operands)
        elif isinstance(condition, tree.Comparison) and condition.operator == "=":
            a, b = condition.left, condition.right
            if (is_of(a, left) and is_of(b, right)) or (is_of(a, right) and is_of(b, left)):
                return True
    return False
