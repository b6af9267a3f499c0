"""The migrations make what schema/tables says; TAP_SCHEMA describes what is really there."""

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import create_async_engine

from schema.catalogue import load_catalogue
from schema.migrate import SchemaTooNew, newest, upgrade
from schema.tables import (
    access,
    archive,
    bulk,
    metadata,
    pairing,
    published,
    registry,
    tap_schema,
    uws,
)
from schema.url import async_url
from service.config import Settings
from tests.conftest import ROOT

ischema_names["cube"] = archive.Cube
OURS = {"archive", "tap_schema", "uws", "bulk", "pairing"}


def differences(connection: Connection) -> list[object]:
    def ours(name: str | None, kind: str, parents: dict[str, str | None]) -> bool:
        if kind == "schema":
            return name in OURS
        if kind == "table":
            return name != "alembic_version"
        return kind == "column"  # indexes and constraints are the migrations' own

    context = MigrationContext.configure(
        connection, opts={"include_schemas": True, "include_name": ours, "compare_type": True}
    )
    found = compare_metadata(context, metadata)
    flat = [change for item in found for change in (item if isinstance(item, list) else [item])]
    of_columns = ("column", "table", "type", "nullable", "default")
    return [change for change in flat if change[0].endswith(of_columns)]


def test_the_newest_revision_is_the_one_alembic_climbs_to() -> None:
    versions = ScriptDirectory(str(ROOT / "schema" / "migrations"))
    assert versions.get_heads() == [newest()]


async def test_migrations_make_the_declared_tables(settings: Settings) -> None:
    assert settings.database_url
    assert {archive.dataset.schema, tap_schema.tap_tables.schema} <= OURS
    modules = {module.__name__ for module in (access, uws, bulk, pairing, published, registry)}
    names = ("access", "uws", "bulk", "pairing", "published", "registry")
    assert modules == {f"schema.tables.{name}" for name in names}
    engine = create_async_engine(async_url(settings.database_url))
    async with engine.connect() as connection:
        found = await connection.run_sync(differences)
    await engine.dispose()
    assert found == []


async def test_a_second_upgrade_changes_nothing(settings: Settings) -> None:
    assert settings.database_url
    connection = await asyncpg.connect(settings.database_url)
    query = "SELECT array_agg(c.*::text ORDER BY c.*::text) FROM tap_schema.columns c"
    before = await connection.fetchval(query)
    await upgrade(settings.database_url)
    assert await connection.fetchval(query) == before
    await connection.close()


async def test_tap_schema_names_real_columns(settings: Settings) -> None:
    """Every column that TAP_SCHEMA declares can be read by the reader, with the type it says."""
    assert settings.read_database_url
    assert settings.database_url
    owner = await asyncpg.connect(settings.database_url)
    catalogue = await load_catalogue(owner)
    await owner.close()
    reader = await asyncpg.connect(settings.read_database_url)
    for table in catalogue.tables():
        names = ", ".join(column.sql_name for column in table.columns)
        statement = await reader.prepare(f"SELECT {names} FROM {table.sql_name}")
        real = [attribute.type.name for attribute in statement.get_attributes()]
        expected = [_PG_NAMES.get(c.sql_type, c.sql_type) for c in table.columns]
        assert real == expected, table.name
    await reader.close()


_PG_NAMES = {
    "integer": "int4",
    "bigint": "int8",
    "smallint": "int2",
    "double precision": "float8",
    "real": "float4",
}


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM archive.dataset",
        "SELECT * FROM archive.holding",
        "SELECT * FROM archive.setting",
        "CREATE TABLE public.mine (a integer)",
        "DELETE FROM tap_schema.columns",
        "SET ROLE starhaul",
    ],
)
async def test_the_reader_may_only_read_what_is_published(
    settings: Settings, statement: str
) -> None:
    assert settings.read_database_url
    reader = await asyncpg.connect(settings.read_database_url)
    with pytest.raises(
        (
            asyncpg.InsufficientPrivilegeError,
            asyncpg.ReadOnlySQLTransactionError,
            asyncpg.InvalidParameterValueError,
        )
    ):
        await reader.execute(statement)
    await reader.close()


async def test_closed_rows_are_seen_by_their_readers_alone(settings: Settings) -> None:
    assert settings.database_url
    assert settings.read_database_url
    owner = await asyncpg.connect(settings.database_url)
    collection = await owner.fetchval(
        "INSERT INTO archive.collection (name, root, config) VALUES ('c', '/c', '{}') RETURNING id"
    )
    await owner.executemany(
        "INSERT INTO archive.dataset (collection_id, calib_level, obs_collection, obs_id, "
        "obs_publisher_did, readable_by) VALUES ($1, 2, 'c', $2, $2, $3)",
        [(collection, "open", None), (collection, "closed", ["ada"])],
    )
    await owner.close()
    for principal, expected in [("", ["open"]), ("bob", ["open"]), ("ada", ["closed", "open"])]:
        reader = await asyncpg.connect(
            settings.read_database_url, server_settings={"starhaul.principal": principal}
        )
        rows = await reader.fetch("SELECT obs_id FROM ivoa.obscore ORDER BY 1")
        assert [row["obs_id"] for row in rows] == expected
        await reader.close()


async def test_a_newer_database_is_refused(settings: Settings) -> None:
    assert settings.database_url
    engine = create_async_engine(async_url(settings.database_url))
    move = text("UPDATE archive.alembic_version SET version_num = :version")
    async with engine.begin() as connection:
        head = await connection.scalar(text("SELECT version_num FROM archive.alembic_version"))
        await connection.execute(move, {"version": "9999"})
    with pytest.raises(SchemaTooNew, match="9999"):
        await upgrade(settings.database_url)
    async with engine.begin() as connection:
        await connection.execute(move, {"version": head})
    await engine.dispose()
