"""What TAP_SCHEMA says of its own tables (TAP 1.1 §4)."""

from dataclasses import dataclass

from adql.columns import ColumnMeta


@dataclass(frozen=True, slots=True)
class DeclaredKey:
    """A foreign key of one column."""

    key_id: str
    target_table: str
    from_column: str
    target_column: str
    description: str


@dataclass(frozen=True, slots=True)
class DeclaredTable:
    """A table with its columns and the keys that leave it."""

    name: str
    description: str
    columns: tuple[ColumnMeta, ...]
    keys: tuple[DeclaredKey, ...] = ()


def _text(name: str, description: str) -> ColumnMeta:
    return ColumnMeta(name, "unicodeChar", "*", description=description)


def _int(name: str, description: str) -> ColumnMeta:
    return ColumnMeta(name, "int", description=description)


TAP_SCHEMA_TABLES: tuple[DeclaredTable, ...] = (
    DeclaredTable(
        "tap_schema.schemas",
        "The schemas of this archive",
        (
            _text("schema_name", "Name of the schema"),
            _text("utype", "Utype of the schema, where a data model has one"),
            _text("description", "What the schema is about"),
            _int("schema_index", "Order in which to show the schemas"),
        ),
    ),
    DeclaredTable(
        "tap_schema.tables",
        "The tables of this archive",
        (
            _text("schema_name", "Schema of the table"),
            _text("table_name", "Name of the table, as a query writes it"),
            _text("table_type", "table or view"),
            _text("utype", "Utype of the table, where a data model has one"),
            _text("description", "What the table holds"),
            _int("table_index", "Order in which to show the tables"),
        ),
        (
            DeclaredKey(
                "tap_schema.tables_schema",
                "tap_schema.schemas",
                "schema_name",
                "schema_name",
                "The schema of a table",
            ),
        ),
    ),
    DeclaredTable(
        "tap_schema.columns",
        "The columns of every table",
        (
            _text("table_name", "Table of the column"),
            _text("column_name", "Name of the column, as a query writes it"),
            _text("datatype", "VOTable datatype"),
            _text("arraysize", "VOTable arraysize; NULL for one value"),
            _text("xtype", "VOTable xtype: what the value means"),
            _int('"size"', "Length of a fixed one-dimensional array (deprecated)"),
            _text("description", "What the column holds"),
            _text("utype", "Utype of the column, where a data model has one"),
            _text("unit", "Unit of the values (VOUnits)"),
            _text("ucd", "UCD of the column"),
            _int("indexed", "1: conditions on this column are fast"),
            _int("principal", "1: one of the columns to look at first"),
            _int("std", "1: defined by a standard"),
            _int("column_index", "Order in which to show the columns"),
        ),
        (
            DeclaredKey(
                "tap_schema.columns_table",
                "tap_schema.tables",
                "table_name",
                "table_name",
                "The table of a column",
            ),
        ),
    ),
    DeclaredTable(
        "tap_schema.keys",
        "How tables can be joined",
        (
            _text("key_id", "Identifier of the key"),
            _text("from_table", "Table that refers"),
            _text("target_table", "Table referred to"),
            _text("description", "What the join means"),
            _text("utype", "Utype of the key, where a data model has one"),
        ),
        (
            DeclaredKey(
                "tap_schema.keys_from",
                "tap_schema.tables",
                "from_table",
                "table_name",
                "The table that refers",
            ),
            DeclaredKey(
                "tap_schema.keys_target",
                "tap_schema.tables",
                "target_table",
                "table_name",
                "The table referred to",
            ),
        ),
    ),
    DeclaredTable(
        "tap_schema.key_columns",
        "The columns of each key",
        (
            _text("key_id", "Key that the columns belong to"),
            _text("from_column", "Column in the table that refers"),
            _text("target_column", "Column in the table referred to"),
        ),
        (
            DeclaredKey(
                "tap_schema.key_columns_key",
                "tap_schema.keys",
                "key_id",
                "key_id",
                "The key of a pair of columns",
            ),
        ),
    ),
)
