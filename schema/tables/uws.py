"""Jobs, their leases and their results."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from schema.tables import metadata

job = Table(
    "job",
    metadata,
    Column("id", Text, primary_key=True, comment="32 random hexadecimal digits"),
    Column("room", Text, nullable=False, comment="the protocol that made it: bulk, tap"),
    Column("queue", Text, nullable=False, comment="interactive, preview, bulk or background"),
    Column("owner", Text, comment="the principal; NULL: anonymous"),
    Column("client", Text, comment="address of an anonymous client, whose turn the job is"),
    Column("run_id", Text, comment="RUNID, the client's own name of the job"),
    Column(
        "parent",
        Text,
        ForeignKey("uws.job.id", ondelete="CASCADE"),
        comment="the job that waits for this one",
    ),
    Column("phase", Text, nullable=False, server_default="PENDING"),
    Column("parameters", JSONB, nullable=False, comment="name to list of values"),
    Column("created", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("queued", DateTime(timezone=True), comment="when PHASE=RUN came"),
    Column("dispatched", DateTime(timezone=True), comment="has a slot since; NULL: waits, rests"),
    Column("dispatches", Integer, nullable=False, server_default="0", comment="messages sent"),
    Column("started", DateTime(timezone=True)),
    Column("ended", DateTime(timezone=True)),
    Column("execution_duration", Integer, nullable=False, comment="seconds"),
    Column("destruction", DateTime(timezone=True), nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0", comment="leases taken"),
    Column("lease_expires", DateTime(timezone=True)),
    Column("backend_pid", Integer, comment="the PostgreSQL backend that ABORT cancels"),
    Column("progress", Text, comment="what a running job is at, for people"),
    Column("error_type", Text, comment="transient, fatal"),
    Column("error_message", Text),
    schema="uws",
)

result = Table(
    "result",
    metadata,
    Column("job_id", Text, ForeignKey("uws.job.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("id", Text, nullable=False),
    Column("href", Text, nullable=False, comment="relative to the job's URL"),
    Column("media_type", Text),
    Column("size", BigInteger, comment="bytes"),
    UniqueConstraint("job_id", "id"),
    schema="uws",
)
