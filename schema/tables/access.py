"""Who may prove to be whom."""

from sqlalchemy import Column, DateTime, Identity, Integer, LargeBinary, Table, Text, func

from schema.tables import metadata

token = Table(
    "token",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("principal", Text, nullable=False, comment="a name as readable_by and owner have it"),
    Column("sha256", LargeBinary, nullable=False, unique=True, comment="of the token's text"),
    Column("created", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires", DateTime(timezone=True), comment="NULL: never"),
    schema="archive",
)
