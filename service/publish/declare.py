"""TAP_SCHEMA's rows of a published table, and the archive's own words on it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import adql
from adql.columns import ColumnMeta
from schema.catalogue import load_catalogue
from schema.declare import column_row, table_row
from service.publish.columns import PublishedColumn
from service.publish.load import Connection, Loaded
from service.publish.plan import Plan
from service.tables.names import as_written
from service.tables.table import is_text
from service.toml_errors import did_you_mean

_LAST = 1000  # schemas and tables without an order come after those that have one


async def declare_table(connection: Connection, plan: Plan, loaded: Loaded) -> None:
    """Write all rows of the table over what was said of it before.

    Raises TableError where a key or an example of the metadata file is wrong.
    """
    words = plan.metadata.words
    name = plan.name.written
    await _upsert(
        connection,
        "tap_schema.schemas",
        ("schema_name",),
        {"schema_name": plan.name.schema, "schema_index": _LAST},
        keep=True,
    )
    if words.schema_.description is not None:
        await connection.execute(
            "UPDATE tap_schema.schemas SET description = $2 WHERE schema_name = $1",
            plan.name.schema,
            " ".join(words.schema_.description.split()),
        )
    said = words.description or plan.head.description or words.title or plan.head.title
    row = table_row(
        plan.name.schema,
        name,
        "table",
        " ".join((said or "").split()),
        _LAST if words.index is None else words.index,
        plan.head.utype if words.utype is None else words.utype or None,
    )
    await _upsert(connection, "tap_schema.tables", ("table_name",), row)
    await forget_details(connection, name)
    rows = [
        column_row(
            name,
            _declared(column.meta, column.written, found.ascii),
            number,
            indexed=_is_indexed(plan, column),
            principal=_is_principal(plan, column, number),
            std=column.words.std,
        )
        for number, (column, found) in enumerate(
            zip(plan.columns, loaded.ranges, strict=True), start=1
        )
    ]
    await _insert(connection, "tap_schema.columns", rows)
    await _insert(connection, "archive.sky_position", _position_rows(plan))
    await _insert(connection, "archive.sky_region", _region_rows(plan))
    await _insert(connection, "archive.published", [_published_row(plan, loaded)])
    await _declare_keys(connection, plan)
    await _declare_examples(connection, plan)


def _declared(meta: ColumnMeta, written: str, ascii_only: bool) -> ColumnMeta:
    """What TAP_SCHEMA says of a column: text that is not ASCII is unicodeChar."""
    datatype = meta.datatype if ascii_only or not is_text(meta) else "unicodeChar"
    return replace(meta, name=written, datatype=datatype)


def _is_indexed(plan: Plan, column: PublishedColumn) -> bool:
    if plan.position is not None and column in (plan.position.ra, plan.position.dec):
        return True
    return column in plan.indexed or any(region.column == column for region in plan.regions)


def _is_principal(plan: Plan, column: PublishedColumn, number: int) -> bool:
    """As stated; where nothing is stated of any column, the first ten are."""
    if column.words.principal is not None:
        return bool(column.words.principal)
    stated = any(c.words.principal is not None for c in plan.columns)
    return not stated and number <= 10


def _position_rows(plan: Plan) -> list[Mapping[str, object]]:
    if plan.position is None:
        return []
    hidden = dict(zip(("hpx", "hcell", "x", "y", "z"), plan.position.hidden, strict=True))
    pair = {"ra": plan.position.ra.meta.name, "dec": plan.position.dec.meta.name}
    return [{"table_name": plan.name.written, **pair, **hidden, "zones": True}]


def _region_rows(plan: Plan) -> list[Mapping[str, object]]:
    return [
        {
            "table_name": plan.name.written,
            "region": region.column.meta.name,
            "vertices": None,
            "box": region.box,
        }
        for region in plan.regions
    ]


def _published_row(plan: Plan, loaded: Loaded) -> Mapping[str, object]:
    ranges = {
        column.written: found.as_json()
        for column, found in zip(plan.columns, loaded.ranges, strict=True)
    }
    return {
        "table_name": plan.name.written,
        "title": plan.metadata.words.title or plan.head.title,
        "source": plan.path.name,
        "rows": loaded.rows,
        "ranges": json.dumps(ranges),
    }


async def forget_details(connection: Connection, name: str) -> None:
    """Delete all rows on a table but those that others refer to."""
    for statement in (
        "DELETE FROM tap_schema.key_columns WHERE key_id IN "
        "(SELECT key_id FROM tap_schema.keys WHERE from_table = $1)",
        "DELETE FROM tap_schema.keys WHERE from_table = $1",
        "DELETE FROM tap_schema.columns WHERE table_name = $1",
        "DELETE FROM archive.sky_position WHERE table_name = $1",
        "DELETE FROM archive.sky_region WHERE table_name = $1",
        "DELETE FROM archive.published WHERE table_name = $1",
        "DELETE FROM archive.example WHERE table_name = $1",
    ):
        await connection.execute(statement, name)


async def drop_keys_to(connection: Connection, name: str, *, gone_only: bool) -> list[str]:
    """Delete the keys that refer to a table; with `gone_only`, to columns it has no more.

    The tables that lost a key.
    """
    rows = await connection.fetch(
        "SELECT DISTINCT key_id, from_table FROM tap_schema.keys "
        "JOIN tap_schema.key_columns USING (key_id) WHERE target_table = $1 AND (NOT $2 OR "
        "target_column NOT IN (SELECT column_name FROM tap_schema.columns WHERE table_name = $1))",
        name,
        gone_only,
    )
    keys = [row["key_id"] for row in rows]
    await connection.execute("DELETE FROM tap_schema.key_columns WHERE key_id = ANY($1)", keys)
    await connection.execute("DELETE FROM tap_schema.keys WHERE key_id = ANY($1)", keys)
    return sorted({row["from_table"] for row in rows})


async def _declare_keys(connection: Connection, plan: Plan) -> None:
    by_key = {column.key: column.written for column in plan.columns}
    for number, key in enumerate(plan.metadata.words.keys, start=1):
        for column in key.columns:
            plan.metadata.known_column(column, list(by_key), "keys", "columns")
        target = await _target(connection, plan, key.to)
        known = await connection.fetch(
            "SELECT column_name FROM tap_schema.columns WHERE table_name = $1", target
        )
        written = {row["column_name"] for row in known}
        targets = [as_written(name) for name in key.to_columns]
        for column in targets:
            if column not in written:
                raise plan.metadata.error(
                    f"{target} has no column {column!r}{did_you_mean(column, sorted(written))}",
                    "keys",
                    "to_columns",
                )
        if len(targets) != len(key.columns):
            raise plan.metadata.error(
                f"a key has as many columns as to_columns, not {len(key.columns)} and "
                f"{len(targets)}",
                "keys",
                "to_columns",
            )
        key_id = f"{plan.name.written}.{number}"
        row = {
            "key_id": key_id,
            "from_table": plan.name.written,
            "target_table": target,
            "description": key.description,
            "utype": key.utype,
        }
        await _insert(connection, "tap_schema.keys", [row])
        pairs = [
            {"key_id": key_id, "from_column": by_key[column], "target_column": other}
            for column, other in zip(key.columns, targets, strict=True)
        ]
        await _insert(connection, "tap_schema.key_columns", pairs)


async def _target(connection: Connection, plan: Plan, text: str) -> str:
    names = [
        row["table_name"]
        for row in await connection.fetch("SELECT table_name FROM tap_schema.tables")
    ]
    by_folded = {name.lower(): name for name in names}
    found = by_folded.get(text.lower())
    if found is None:
        raise plan.metadata.error(
            f"there is no table {text!r}{did_you_mean(text, names)}", "keys", "to"
        )
    return str(found)


async def _declare_examples(connection: Connection, plan: Plan) -> None:
    examples = plan.metadata.words.examples
    catalogue = await load_catalogue(connection) if examples else None
    for number, example in enumerate(examples, start=1):
        assert catalogue is not None
        try:
            adql.translate(example.query, catalogue)
        except adql.ADQLError as error:
            raise plan.metadata.error(
                f"the example {example.title!r} is no query that works: {error}"
            ) from None
        row = {
            "table_name": plan.name.written,
            "position": number,
            "title": example.title,
            "query": example.query,
            "description": example.description,
        }
        await _insert(connection, "archive.example", [row])


async def _insert(connection: Connection, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        names = list(rows[0])
        places = ", ".join(f"${i}" for i in range(1, len(names) + 1))
        listed = ", ".join(f'"{name}"' for name in names)
        await connection.executemany(
            f"INSERT INTO {table} ({listed}) VALUES ({places})",  # noqa: S608
            [tuple(row.values()) for row in rows],
        )


async def _upsert(
    connection: Connection,
    table: str,
    key: tuple[str, ...],
    row: Mapping[str, object],
    *,
    keep: bool = False,
) -> None:
    """Insert a row; over one that is there already, unless that is to be kept."""
    places = ", ".join(f"${i}" for i in range(1, len(row) + 1))
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in row)
    conflict = "NOTHING" if keep else f"UPDATE SET {changes}"
    await connection.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places}) "  # noqa: S608
        f"ON CONFLICT ({', '.join(key)}) DO {conflict}",
        *row.values(),
    )
