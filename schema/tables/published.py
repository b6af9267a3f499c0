"""Tables that were published from files, and the example queries shown with them."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Integer, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from schema.tables import metadata

published = Table(
    "published",
    metadata,
    Column("table_name", Text, ForeignKey("tap_schema.tables.table_name"), primary_key=True),
    Column("title", Text),
    Column("source", Text, nullable=False, comment="name of the file"),
    Column("rows", BigInteger, nullable=False),
    Column("ranges", JSONB, nullable=False, comment="column: its lowest, highest, missing values"),
    Column("published", DateTime(timezone=True), nullable=False, server_default=func.now()),
    schema="archive",
)

example = Table(
    "example",
    metadata,
    Column("table_name", Text, ForeignKey("tap_schema.tables.table_name"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("description", Text),
    schema="archive",
)
