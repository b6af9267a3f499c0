"""The stages in order: parse, resolve, types, PostgreSQL."""

from functools import partial

from adql.catalogue import Catalogue
from adql.columns import OutputColumn
from adql.garbage import left_alone
from adql.postgres.queries import Queries
from adql.semantics.notes import notes_on
from adql.semantics.resolve import Resolver
from adql.semantics.types import Typing
from adql.sky import coverage
from adql.sql import flat, numbered, parameters_of, rendered
from adql.syntax import parsing, tree
from adql.syntax.words import Version
from adql.translation import Translation
from adql.values import renamed


def translate(text: str, catalogue: Catalogue, version: Version = "2.1") -> Translation:
    """An ADQL query as one PostgreSQL SELECT over the catalogue's tables.

    The SQL calls functions of the schema `starhaul`.  Raises ADQLError with line, column, length
    and, where a name is near, a suggestion.
    """
    with left_alone(text):
        return _translated(text, catalogue, version)


def _translated(text: str, catalogue: Catalogue, version: Version) -> Translation:
    query = parsing.parse(text, version)
    resolver = Resolver(text, catalogue, version)
    outputs = resolver.query(query, None)
    resolution = resolver.result
    typing = Typing(text, resolution)
    values = typing.of_outputs(query)
    sql = flat(Queries(text, version, resolution, typing).top_query(query))
    columns = tuple(
        OutputColumn(renamed(value, output.name), f"c{index}", value.sql_type)
        for index, (output, value) in enumerate(zip(outputs, values, strict=True), 1)
    )
    body = query.body
    notes = notes_on(text, version, query, resolution, typing)
    typing.forget()
    return Translation(
        columns=columns,
        parameters=parameters_of(sql),
        sql=numbered(sql),
        tables=tuple(resolution.tables.values()),
        top=body.top if isinstance(body, tree.Select) else None,
        notes=notes,
        _render=partial(rendered, sql),
    )


def warm() -> None:
    """Compile the grammar and import what the first query would: for a server's start.

    ADQL 2.0 is asked for rarely; its grammar is compiled when it is (0.13 s).
    """
    parsing.grammar("2.1")
    coverage.warm()
