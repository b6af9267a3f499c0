"""What is said of names that mean nothing, and of joins without a condition.

Each function gives the message, and the text to write instead where one is near.
"""

from collections.abc import Iterable, Sequence

from adql.catalogue import Table
from adql.semantics.scopes import Scope, Source, Visible, dotted, same_name
from adql.syntax import complaints, tree
from adql.syntax.tree import Identifier

Said = tuple[str, str | None]

_OTHERS = 3
"""Tables named as holding a column."""
_UPLOADS = "tap_upload"
"""The schema of tables that come with a query (TAP 1.1 §2.7.5)."""
_NEAR = 0.8
"""Likeness from which a name of this FROM is meant, though another table has the very name."""
_COMPARED = ("=", "<>", "!=", "LIKE")
"""What stands before a text that somebody forgot to quote."""


def _full(table: Table) -> str:
    return f"{table.schema}.{table.name}"


def unknown_table(parts: Sequence[Identifier], tables: Sequence[Table]) -> Said:
    """A table that the catalogue has not: of another schema, misspelt, or none at all."""
    written = dotted(parts)
    message = f"table '{written}' not found"
    if len(parts) > 1 and parts[-2].name.lower() == _UPLOADS:
        name = parts[-1].name
        uploads = {t.name: _full(t) for t in tables if t.schema.lower() == _UPLOADS}
        near = uploads.get(complaints.nearest(name, uploads) or "")
        remedy = f"send it with the query, and UPLOAD={name},param:{name}"
        return (message, near) if near else (f"{message}: {remedy}", None)
    elsewhere = [t for t in tables if same_name(parts[-1], t.name)]
    if len(elsewhere) == 1:
        return message, _full(elsewhere[0])
    near = complaints.nearest(written, map(_full, tables))
    if near is None:
        by_name = {table.name: _full(table) for table in tables}
        near = by_name.get(complaints.nearest(parts[-1].name, by_name) or "")
    return (message, near) if near else (f"{message}: TAP_SCHEMA.tables lists them", None)


def unknown_qualifier(parts: Sequence[Identifier], scope: Scope, tables: Sequence[Table]) -> Said:
    """A name before a dot that is no table of this FROM."""
    written = dotted(parts)
    message = f"'{written}' is no table of this FROM"
    for source in scope.sources:
        table = source.table
        if table is None or not same_name(parts[-1], table.name):
            continue
        if len(parts) == 1 or same_name(parts[-2], table.schema):
            alias = dotted(source.names)
            return f"'{written}' is called {alias} in this FROM: write {alias}", None
    named = [table for table in tables if same_name(parts[-1], table.name)]
    if any(len(parts) == 1 or same_name(parts[-2], table.schema) for table in named):
        return f"{message}: add it there, with JOIN and ON", None
    near = complaints.nearest(written, [dotted(source.names) for source in scope.sources])
    known = " and ".join(dotted(source.names) for source in scope.sources)
    return (message, near) if near else (f"{message}, which has {known}", None)


def unknown_column(
    node: tree.ColumnReference,
    source: Source | None,
    scope: Scope,
    tables: Sequence[Table],
    text: str,
) -> Said:
    """A column that is not where it is looked for; `source` is what its qualifier means."""
    name = node.parts[-1]
    message = f"column '{dotted(node.parts)}' not found"
    foreign = complaints.foreign_column(name.name)
    if foreign is not None and source is None:
        return foreign, None
    if source is not None:
        return _in_one_table(node, source, scope, message)
    for output in scope.outputs:
        if output.expression is not None and same_name(name, output.name, output.delimited):
            span = output.expression.span
            written = text[span.start : span.end]
            again = written if len(written) <= 40 and "\n" not in written else "its expression"
            return (
                f"'{name.name}' names an output, which conditions cannot use: write {again} again",
                None,
            )
    known = [visible.name for visible in scope.visible]
    near = complaints.nearest(name.name, known, _NEAR)
    if near is not None:
        return message, near
    as_text = f"write '{name.name}' between single quotes where it is a text"
    if name.delimited:
        return f'column "{name.name}" not found: {as_text}', complaints.nearest(name.name, known)
    owners = _owners(name, tables)
    if owners:
        return f"column '{name.name}' is not in FROM but in {owners}: add that with JOIN", None
    near = complaints.nearest(name.name, known)
    if near is not None:
        return message, near
    if text[: node.span.start].rstrip().upper().endswith(_COMPARED):
        return f"{message}: {as_text}", None
    return f"{message}: TAP_SCHEMA.columns lists them", None


def _in_one_table(node: tree.ColumnReference, source: Source, scope: Scope, message: str) -> Said:
    name = node.parts[-1]
    asked = dotted(node.parts[:-1])
    for other in scope.sources:
        if other is not source and any(same_name(name, c.name, c.delimited) for c in other.columns):
            owner = dotted(other.names)
            return f"column '{name.name}' is not in {asked} but in {owner}", f"{owner}.{name.name}"
    near = complaints.nearest(name.name, [column.name for column in source.columns])
    return message, f"{asked}.{near}" if near else None


def _owners(name: Identifier, tables: Iterable[Table]) -> str:
    """Tables of the catalogue that have a column."""
    found = [
        _full(t)
        for t in tables
        if any(same_name(name, c.meta.name, c.delimited) for c in t.columns)
    ]
    more = f" and {len(found) - _OTHERS} more" if len(found) > _OTHERS else ""
    return ", ".join(found[:_OTHERS]) + more


def missing_condition(left: Sequence[Visible], right: Sequence[Visible]) -> str:
    """A JOIN without ON: identifiers of one name link the tables, else positions, else any name."""
    message = "a join without a condition"
    pairs = [(a, b) for b in right for a in left if a.name.lower() == b.name.lower()]
    keys = [pair for pair in pairs if _identifies(pair[0])][:2]
    near = _positions(left[0], right[0]) if left and right and not keys else None
    if near is not None:
        return f"{message}: write ON DISTANCE({near}) < 1./3600, or another radius in degrees"
    keys = keys or pairs[:1]
    if keys:
        condition = " AND ".join(f"{_qualified(a)} = {_qualified(b)}" for a, b in keys)
        return f"{message}: write ON {condition}"
    return f"{message}: write ON with the columns that link both tables"


def _positions(left: Visible, right: Visible) -> str | None:
    """The coordinates of two tables that have positions."""
    written = []
    for source in (left.parts[0].source, right.parts[0].source):
        if source.table is None or not source.table.positions:
            return None
        position = source.table.positions[0]
        written += [f"{dotted(source.names)}.{name}" for name in (position.ra, position.dec)]
    return ", ".join(written)


def _identifies(visible: Visible) -> bool:
    """Whether a column says which row is which: by its UCD, or by its name."""
    column = visible.parts[0].column
    ucd = column.meta.ucd if column is not None else None
    return (ucd or "").startswith("meta.id") or visible.name.lower().endswith("id")


def _qualified(visible: Visible) -> str:
    source = visible.parts[0].source
    return f"{dotted(source.names)}.{visible.name}"
