"""What the registry published, and when it changed."""

from sqlalchemy import Boolean, Column, DateTime, LargeBinary, Table, Text

from schema.tables import metadata

registry_record = Table(
    "registry_record",
    metadata,
    Column("identifier", Text, primary_key=True, comment="ivo:// of the resource"),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of the record as it is"),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("updated", DateTime(timezone=True), nullable=False),
    Column("deleted", Boolean, nullable=False),
    schema="archive",
)
