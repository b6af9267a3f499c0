"""TAP_SCHEMA 1.1 (TAP 1.1 §4): the schema that users query to learn of all others."""

from sqlalchemy import Column, ForeignKey, Integer, Table, Text

from schema.tables import metadata

tap_schemas = Table(
    "schemas",
    metadata,
    Column("schema_name", Text, primary_key=True),
    Column("utype", Text),
    Column("description", Text),
    Column("schema_index", Integer),
    schema="tap_schema",
)

tap_tables = Table(
    "tables",
    metadata,
    Column("schema_name", Text, ForeignKey("tap_schema.schemas.schema_name"), nullable=False),
    Column("table_name", Text, primary_key=True),
    Column("table_type", Text, nullable=False),
    Column("utype", Text),
    Column("description", Text),
    Column("table_index", Integer),
    schema="tap_schema",
)

tap_columns = Table(
    "columns",
    metadata,
    Column("table_name", Text, ForeignKey("tap_schema.tables.table_name"), primary_key=True),
    Column("column_name", Text, primary_key=True),
    Column("datatype", Text, nullable=False),
    Column("arraysize", Text),
    Column("xtype", Text),
    Column("size", Integer),
    Column("description", Text),
    Column("utype", Text),
    Column("unit", Text),
    Column("ucd", Text),
    Column("indexed", Integer, nullable=False),
    Column("principal", Integer, nullable=False),
    Column("std", Integer, nullable=False),
    Column("column_index", Integer),
    schema="tap_schema",
)

tap_keys = Table(
    "keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("from_table", Text, ForeignKey("tap_schema.tables.table_name"), nullable=False),
    Column("target_table", Text, ForeignKey("tap_schema.tables.table_name"), nullable=False),
    Column("description", Text),
    Column("utype", Text),
    schema="tap_schema",
)

tap_key_columns = Table(
    "key_columns",
    metadata,
    Column("key_id", Text, ForeignKey("tap_schema.keys.key_id"), primary_key=True),
    Column("from_column", Text, primary_key=True),
    Column("target_column", Text, primary_key=True),
    schema="tap_schema",
)
