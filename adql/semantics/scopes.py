"""What names mean: the sources of a FROM, their columns, and the outputs of a query."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from adql.catalogue import Column, Table
from adql.syntax import tree
from adql.syntax.tree import Identifier, Node, Query, Select, SetOperation

Body = Select | SetOperation | Query


@dataclass(frozen=True, slots=True, eq=False)
class SourceColumn:
    """A column of a source: of the catalogue, or number `index` of a subquery's outputs."""

    name: str
    delimited: bool
    source: "Source"
    index: int
    column: Column | None = None


@dataclass(slots=True, eq=False)
class Source:
    """One element of a FROM clause: `sql` is its alias in SQL (t1, t2, ...)."""

    sql: str
    names: tuple[Identifier, ...]
    table: Table | None = None
    query: Query | None = None
    common: "CommonSource | None" = None
    columns: tuple[SourceColumn, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CommonSource:
    """A common table expression; `sql` is its name in SQL (q1, q2, ...)."""

    sql: str
    name: Identifier
    query: Query


@dataclass(frozen=True, slots=True)
class Visible:
    """A column as unqualified names see it; several parts where USING or NATURAL joined them."""

    name: str
    delimited: bool
    parts: tuple[SourceColumn, ...]
    coalesced: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """A column that a query gives: an expression of its select list, or a column from `*`."""

    name: str
    delimited: bool
    expression: tree.Expression | None = None
    visible: Visible | None = None


@dataclass(slots=True)
class Scope:
    """What names mean within one SELECT."""

    parent: "Scope | None" = None
    sources: list[Source] = field(default_factory=list)
    visible: list[Visible] = field(default_factory=list)
    outputs: tuple[Output, ...] = ()
    """The columns that the SELECT gives: of no meaning in its conditions, but often tried there."""


@dataclass(slots=True)
class Resolution:
    """Side tables keyed by id(node); they live as long as the tree."""

    sources: dict[int, Source] = field(default_factory=dict)
    columns: dict[int, Visible] = field(default_factory=dict)
    aliases: dict[int, int] = field(default_factory=dict)
    """Names in ORDER BY or GROUP BY that are outputs: their index."""
    outputs: dict[int, tuple[Output, ...]] = field(default_factory=dict)
    merged: dict[int, tuple[Visible, ...]] = field(default_factory=dict)
    """Joins with USING or NATURAL: the columns they compare."""
    tables: dict[str, Table] = field(default_factory=dict)
    common: list[CommonSource] = field(default_factory=list)


def same_name(asked: Identifier, name: str, delimited: bool = False) -> bool:
    """Whether a name as written means a name as declared (ADQL 2.1 §2.1.5)."""
    if not asked.delimited:
        return asked.name.lower() == name.lower()
    return asked.name == name or (not delimited and asked.name == name.lower())


def visible_columns(source: Source) -> list[Visible]:
    """The columns of a source as they are seen when nothing merges them."""
    return [Visible(c.name, c.delimited, (c,)) for c in source.columns]


def matching(name: Identifier, columns: list[Visible]) -> list[Visible]:
    """The columns that a name means; a plain name prefers the one that needs no quotes."""
    found = [v for v in columns if same_name(name, v.name, v.delimited)]
    if len(found) > 1 and not name.delimited:
        plain = [v for v in found if not v.delimited]
        return plain if len(plain) == 1 else found
    return found


def is_called(source: Source, parts: tuple[Identifier, ...]) -> bool:
    """Whether a qualifier means this source: its alias, or its table name, with schema or not."""
    if len(source.names) == 1 and source.table is None:
        own = source.names[0]
        return len(parts) == 1 and same_name(parts[0], own.name, own.delimited)
    names = list(source.names)
    if len(parts) > len(names):
        if source.table is None or not same_name(names[-1], source.table.name):
            return False
        return same_name(parts[-1], source.table.name) and same_name(parts[-2], source.table.schema)
    return all(
        same_name(asked, own.name, own.delimited)
        for asked, own in zip(reversed(parts), reversed(names), strict=False)
    )


def stands_for_the_same(source: Source, other: Source) -> bool:
    """Whether two sources of one FROM are called alike, so that no name could tell them apart."""
    own, its = source.names[-1], other.names[-1]
    if not same_name(own, its.name, its.delimited):
        return False
    if len(source.names) == 1 == len(other.names):
        return True
    return (
        source.table is not None
        and source.table is other.table
        and not (len(source.names) == 1 or len(other.names) == 1)
    )


def dotted(parts: Iterable[Identifier]) -> str:
    """A qualified name without quotes."""
    return ".".join(p.name for p in parts)


def sources_within(resolution: Resolution, roots: Iterable[Node]) -> set[int]:
    """Ids of the sources that elements of a FROM bring, those within subqueries left out."""
    pending = list(roots)
    found: set[int] = set()
    while pending:
        node = pending.pop()
        if id(node) in resolution.sources:
            found.add(id(resolution.sources[id(node)]))
        elif not isinstance(node, Query):
            pending.extend(tree.children(node))
    return found


def columns_within(resolution: Resolution, root: Node) -> Iterator[Visible]:
    """The columns that an expression names, those within subqueries too."""
    for node, _ in tree.walk(root):
        if id(node) in resolution.columns:
            yield resolution.columns[id(node)]
