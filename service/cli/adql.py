"""`starhaul adql`: check, translate, explain one query."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import asyncpg
import typer

from service.cli.options import say, settings_for
from service.config import Settings
from service.errors import StarhaulError, UsageError

if TYPE_CHECKING:
    from adql.columns import ColumnMeta


def adql(
    query: Annotated[str, typer.Argument(help="The query; - reads it from stdin.")],
    sql: Annotated[bool, typer.Option("--sql", help="Print PostgreSQL's SELECT.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Print PostgreSQL's plan.")] = False,
    home: Annotated[Path | None, typer.Option(help="The home whose archive is meant.")] = None,
) -> None:
    """Check a query against the archive's tables; print its columns, its SQL or its plan."""
    from adql import ADQLError
    from service.embedded.joining import joined

    text = sys.stdin.read() if query == "-" else query
    with joined(settings_for(home), say) as settings:
        try:
            lines = asyncio.run(_answer(settings, text, sql, explain))
        except ADQLError as error:
            raise UsageError(str(error)) from None
        except (OSError, asyncpg.PostgresError) as error:
            raise StarhaulError(f"the database did not answer: {error}") from None
    print("\n".join(lines))


async def _answer(settings: Settings, text: str, sql: bool, explain: bool) -> list[str]:
    from adql import translate
    from schema.catalogue import load_catalogue

    connection = await asyncpg.connect(settings.database_url)
    try:
        translation = translate(text, await load_catalogue(connection))
        if explain:
            plan = await connection.fetch("EXPLAIN " + translation.literal_sql())
            return [row[0] for row in plan]
    finally:
        await connection.close()
    if sql:
        return [translation.literal_sql()]
    return ["\t".join(_described(column.meta)) for column in translation.columns]


def _described(column: "ColumnMeta") -> list[str]:
    size = f"[{column.arraysize}]" if column.arraysize else ""
    return [column.name, column.datatype + size, column.unit or "", column.ucd or ""]
