"""TAP_SCHEMA's rows for the tables that every archive has: TAP_SCHEMA itself and ivoa.obscore.

Written again at every migration, so that a new version's descriptions reach old databases.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, delete
from sqlalchemy.dialects.postgresql import insert

from adql.columns import ColumnMeta
from schema.obscore import OBSCORE_COLUMNS, TABLE_UTYPE
from schema.self_description import TAP_SCHEMA_TABLES
from schema.tables.archive import sky_position, sky_region
from schema.tables.tap_schema import (
    tap_columns,
    tap_key_columns,
    tap_keys,
    tap_schemas,
    tap_tables,
)

OBSCORE = "ivoa.obscore"
_OBSCORE_DESCRIPTION = "Every dataset of the archive, one row each, as ObsCore 1.1 has it"
_SCHEMAS = (
    ("ivoa", "Tables of IVOA standards", 1),
    ("tap_schema", "What this archive holds: schemas, tables, columns and joins", 2),
)


def declare_schema(connection: Connection, name: str, description: str, index: int) -> None:
    """Write one row of TAP_SCHEMA.schemas."""
    row = {"schema_name": name, "description": description, "schema_index": index}
    connection.execute(
        insert(tap_schemas)
        .values(row)
        .on_conflict_do_update(index_elements=["schema_name"], set_=row)
    )


def table_row(
    schema_name: str,
    table_name: str,
    table_type: str,
    description: str,
    index: int,
    utype: str | None = None,
) -> dict[str, object]:
    """One row of TAP_SCHEMA.tables."""
    return {
        "schema_name": schema_name,
        "table_name": table_name,
        "table_type": table_type,
        "utype": utype,
        "description": description,
        "table_index": index,
    }


def column_row(
    table_name: str,
    meta: ColumnMeta,
    index: int,
    *,
    indexed: bool = False,
    principal: bool = False,
    std: bool = False,
) -> dict[str, object]:
    """One row of TAP_SCHEMA.columns. `size` is NULL but for one-dimensional arrays with a length
    or a bound (TAP 1.1 §4.3)."""
    arraysize = meta.arraysize
    length = (arraysize or "").removesuffix("*")
    return {
        "table_name": table_name,
        "column_name": meta.name,
        "datatype": meta.datatype,
        "arraysize": arraysize,
        "xtype": meta.xtype,
        "size": int(length) if length.isdigit() else None,
        "description": meta.description,
        "utype": meta.utype,
        "unit": meta.unit,
        "ucd": meta.ucd,
        "indexed": int(indexed),
        "principal": int(principal),
        "std": int(std),
        "column_index": index,
    }


def _obscore_rows() -> Iterable[dict[str, object]]:
    for index, column in enumerate(OBSCORE_COLUMNS, start=1):
        yield column_row(
            OBSCORE,
            column.meta,
            index,
            indexed=column.indexed,
            principal=column.principal,
            std=column.std,
        )


def _tap_schema_rows() -> Iterable[dict[str, object]]:
    for table in TAP_SCHEMA_TABLES:
        for index, column in enumerate(table.columns, start=1):
            yield column_row(
                table.name, column, index, indexed=index == 1, principal=True, std=True
            )


def declare_builtin(connection: Connection) -> None:
    """Write TAP_SCHEMA's rows for the built-in tables over what a former version said."""
    for name, description, index in _SCHEMAS:
        declare_schema(connection, name, description, index)
    tables = [
        table_row("ivoa", OBSCORE, "view", _OBSCORE_DESCRIPTION, 1, TABLE_UTYPE),
        *(
            table_row("tap_schema", table.name, "table", table.description, index)
            for index, table in enumerate(TAP_SCHEMA_TABLES, start=1)
        ),
    ]
    for row in tables:
        connection.execute(
            insert(tap_tables)
            .values(row)
            .on_conflict_do_update(index_elements=["table_name"], set_=row)
        )
    names = [row["table_name"] for row in tables]
    connection.execute(delete(tap_columns).where(tap_columns.c.table_name.in_(names)))
    connection.execute(insert(tap_columns), [*_obscore_rows(), *_tap_schema_rows()])
    _declare_keys(connection)
    _declare_sky(connection)


def _declare_keys(connection: Connection) -> None:
    for table in TAP_SCHEMA_TABLES:
        for key in table.keys:
            values = {
                "key_id": key.key_id,
                "from_table": table.name,
                "target_table": key.target_table,
                "description": key.description,
            }
            connection.execute(
                insert(tap_keys)
                .values(values)
                .on_conflict_do_update(index_elements=["key_id"], set_=values)
            )
            connection.execute(
                insert(tap_key_columns)
                .values(
                    key_id=key.key_id, from_column=key.from_column, target_column=key.target_column
                )
                .on_conflict_do_nothing()
            )


def _declare_sky(connection: Connection) -> None:
    position = {
        "table_name": OBSCORE,
        "ra": "s_ra",
        "dec": "s_dec",
        "hpx": "hpx",
        "hcell": "hcell",
        "x": "x",
        "y": "y",
        "z": "z",
        "zones": True,
    }
    connection.execute(
        insert(sky_position)
        .values(position)
        .on_conflict_do_update(index_elements=["table_name", "ra", "dec"], set_=position)
    )
    connection.execute(
        insert(sky_region)
        .values(table_name=OBSCORE, region="s_region", vertices="vertices", box="box")
        .on_conflict_do_nothing()
    )
