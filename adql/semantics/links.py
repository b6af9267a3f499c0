"""Tables of one FROM that no condition links: each row of one is paired with each of the other."""

from collections.abc import Iterator

from adql.semantics.scopes import Resolution
from adql.syntax import tree
from adql.syntax.tree import Node, Select, TableReference


def unlinked(select: Select, resolution: Resolution) -> Iterator[tree.TableName]:
    """The plain tables after a comma that nothing in WHERE links with the first table."""
    if len(select.tables) < 2:
        return
    owner = {
        id(resolution.sources[id(node)]): index
        for index, table in enumerate(select.tables)
        for node in _sources(table, resolution)
    }
    groups = [{index} for index in range(len(select.tables))]
    for condition in _conditions(select):
        joined = {owner[source] for source in _read(condition, resolution) if source in owner}
        together: set[int] = set().union(*(groups[index] for index in joined))
        for index in together:
            groups[index] = together
    for index, table in enumerate(select.tables):
        if index not in groups[0] and isinstance(table, tree.TableName):
            yield table


def _sources(table: TableReference, resolution: Resolution) -> Iterator[Node]:
    pending: list[Node] = [table]
    while pending:
        node = pending.pop()
        if id(node) in resolution.sources:
            yield node
        elif not isinstance(node, tree.Query):
            pending.extend(tree.children(node))


def _conditions(select: Select) -> Iterator[Node]:
    """The conditions of WHERE without AND, OR and parentheses around them."""
    pending: list[Node] = [select.where] if select.where is not None else []
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Logical | tree.Parens | tree.Not):
            pending.extend(tree.children(node))
        else:
            yield node


def _read(condition: Node, resolution: Resolution) -> Iterator[int]:
    """The sources whose columns a condition reads, in its subqueries too."""
    for node, _ in tree.walk(condition):
        if isinstance(node, tree.ColumnReference) and id(node) in resolution.columns:
            for part in resolution.columns[id(node)].parts:
                yield id(part.source)
