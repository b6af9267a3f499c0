"""Which tables are whose: what `publish` made it may replace, anything else it leaves alone."""

from dataclasses import dataclass

import asyncpg

from schema.catalogue import physical_name, quoted
from service.errors import UsageError
from service.publish.load import Connection
from service.publish.names import TableName, table_name

_LOCK = 0x50_55_42_4C  # the class of our advisory locks; the other half names the table
_READER = "starhaul_reader"


@dataclass(frozen=True, slots=True)
class Known:
    """A table that is there already. `published`: brought by `publish`."""

    name: TableName
    published: bool

    @property
    def relation(self) -> str:
        """Quoted for SQL."""
        return relation_of(self.name)


def relation_of(name: TableName) -> str:
    """A table in PostgreSQL, quoted for SQL."""
    return f"{quoted(name.schema)}.{quoted(physical_name(name.table))}"


async def known_table(connection: Connection, name: TableName) -> Known | None:
    """The table of that name, in whatever case, as TAP_SCHEMA has it."""
    row = await connection.fetchrow(
        "SELECT t.table_name, p.table_name IS NOT NULL AS published FROM tap_schema.tables t "
        "LEFT JOIN archive.published p USING (table_name) WHERE lower(t.table_name) = lower($1)",
        name.written,
    )
    return None if row is None else Known(table_name(row["table_name"]), row["published"])


async def lock(connection: Connection, name: TableName) -> None:
    """Keep others from the same table until the end of the transaction; UsageError if they do."""
    if not await connection.fetchval(
        "SELECT pg_try_advisory_xact_lock($1, hashtext($2))", _LOCK, name.written.lower()
    ):
        raise UsageError(f"another run is at work on the table {name.written}; wait until it ends")


async def claim(connection: Connection, name: TableName) -> tuple[TableName, bool]:
    """Make the schema if need be; the name in the case it has already, and whether it is there.

    Raises UsageError where the table is not one of `publish`'s, or another run is at work on it.
    """
    await lock(connection, name)
    known = await known_table(connection, name)
    if known is not None and not known.published:
        raise UsageError(
            f"the table {known.name.written} was not made by starhaul publish, which therefore "
            "does not replace it; choose another name"
        )
    if known is not None:
        return known.name, True
    schema = await connection.fetchval(
        "SELECT schema_name FROM tap_schema.schemas WHERE lower(schema_name) = lower($1)",
        name.schema,
    )
    name = TableName(schema or name.schema, name.table)
    if await connection.fetchval("SELECT to_regclass($1)", relation_of(name)) is not None:
        raise UsageError(
            f"the database has a table {name.written} that is no part of the archive; choose "
            "another name"
        )
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(name.schema)}")
    await connection.execute(f"GRANT USAGE ON SCHEMA {quoted(name.schema)} TO {_READER}")
    return name, False


async def let_read(connection: Connection, name: TableName) -> None:
    """Let the queries of users read a table."""
    await connection.execute(f"GRANT SELECT ON {relation_of(name)} TO {_READER}")


async def drop_schema_if_empty(connection: Connection, schema: str) -> None:
    """Remove a schema that has no table any more; one with things of others in it stays."""
    await connection.execute(
        "DELETE FROM tap_schema.schemas s WHERE schema_name = $1 AND NOT EXISTS "
        "(SELECT FROM tap_schema.tables t WHERE t.schema_name = s.schema_name)",
        schema,
    )
    if await connection.fetchval(
        "SELECT EXISTS (SELECT FROM tap_schema.schemas WHERE schema_name = $1)", schema
    ):
        return
    try:
        async with connection.transaction():
            await connection.execute(f"DROP SCHEMA {quoted(schema)}")
    except asyncpg.DependentObjectsStillExistError:
        await connection.execute(f"REVOKE USAGE ON SCHEMA {quoted(schema)} FROM {_READER}")
