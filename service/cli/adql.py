"""`starhaul adql`: check, translate, explain one query."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import asyncpg
import typer

from service.cli.options import say, settings_for
from service.config import Settings
from service.errors import StarhaulError

if TYPE_CHECKING:
    from service.check.query import CheckedQuery
    from service.language import Language


def adql(
    query: Annotated[str, typer.Argument(help="The query; - reads it from stdin.")],
    lang: Annotated[str, typer.Option(help="ADQL, ADQL-2.1 or ADQL-2.0.")] = "ADQL",
    sql: Annotated[bool, typer.Option("--sql", help="Print PostgreSQL's SELECT.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print PostgreSQL's estimate and plan.")
    ] = False,
    syntax: Annotated[
        bool, typer.Option("--syntax", help="Check the grammar alone; needs no archive.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what /tap/check answers.")] = False,
    home: Annotated[Path | None, typer.Option(help="The home whose archive is meant.")] = None,
) -> None:
    """Check a query against the archive's tables, without running it.

    Prints the columns of its result, or shows where it is wrong; status 1 where it is.
    """
    from service.check.query import check_syntax
    from service.cli.query_report import error_report, report
    from service.language import language_of
    from service.parameters import parameters_of

    text = sys.stdin.read() if query == "-" else query
    language = language_of(parameters_of([("LANG", lang)]))
    plan: list[str] = []
    if syntax:
        checked = check_syntax(text, language)
    else:
        from service.embedded.joining import joined

        with joined(settings_for(home), say) as settings:
            try:
                checked, plan = asyncio.run(_answer(settings, text, language, sql, explain))
            except (OSError, asyncpg.PostgresError) as error:
                raise StarhaulError(f"the database did not answer: {error}") from None
    if json:
        print(checked.to_json())
    elif checked.valid:
        report(checked, text, plan)
    if not checked.valid:
        raise typer.Exit(1) if json else StarhaulError(error_report(checked, text))


async def _answer(
    settings: Settings, text: str, language: "Language", sql: bool, explain: bool
) -> "tuple[CheckedQuery, list[str]]":
    """The check, and PostgreSQL's plan where it is asked for."""
    from schema.catalogue import load_catalogue
    from service.check.plan import Planner
    from service.check.query import check_query

    connection = await asyncpg.connect(settings.database_url)
    try:
        catalogue = await load_catalogue(connection)
    finally:
        await connection.close()
    if not explain:
        return await check_query(text, language, catalogue, sql=sql), []
    reader = settings.read_database_url or settings.database_url
    async with asyncpg.create_pool(reader, min_size=0, max_size=1) as pool:
        planner = Planner(pool, owner=None)
        checked = await check_query(text, language, catalogue, sql=True, planner=planner)
        plan = await pool.fetch(f"EXPLAIN {checked.sql}") if checked.estimate else []
    if not sql:
        checked.sql = None
    return checked, [row[0] for row in plan]
