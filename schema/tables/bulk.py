"""Bulk packages: frozen members, what SINCE left out, damage found later."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from schema.tables import metadata

package = Table(
    "package",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column(
        "job_id", Text, ForeignKey("uws.job.id", ondelete="CASCADE"), nullable=False, unique=True
    ),
    Column("name", Text, nullable=False, comment="the directory that all parts unpack into"),
    Column("part_size", BigInteger, nullable=False, comment="target size of a part, bytes"),
    Column("format", Text, nullable=False, server_default="tar", comment="tar or zip"),
    Column("digest", Text, nullable=False, comment="sha256 of everything that fixes the bytes"),
    Column("frozen", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("revision", Integer, nullable=False, server_default="0", comment="repairs that changed"),
    Column("products_of", Text, comment="the job that made and keeps the members"),
    schema="bulk",
)

member = Table(
    "member",
    metadata,
    Column("package_id", Integer, primary_key=True, comment="its end is theirs, by a trigger"),
    Column("seq", Integer, primary_key=True),
    Column("source_row", BigInteger, nullable=False, comment="row of the query, from 1"),
    Column("asked", Text, comment="the identifier or URL that the row named"),
    Column("obs_publisher_did", Text),
    Column("status", Text, nullable=False, comment="ok, missing, forbidden, ..."),
    Column("error", Text, comment="a sentence; NULL where status is ok"),
    Column("holding_id", BigInteger),
    Column("collection_id", Integer, comment="0: products of a job, in the work store"),
    Column("source_path", Text, comment="relative to the root of the collection, or of products"),
    Column("path", Text, comment="below data/ in the package"),
    Column("content_type", Text),
    Column("size", BigInteger),
    Column("mtime_ns", BigInteger),
    Column("ctime_ns", BigInteger),
    Column("inode", BigInteger),
    Column("etag", Text, server_default=""),
    Column("sha256", LargeBinary),
    Column("crc32", BigInteger),
    schema="bulk",
)

unchanged = Table(
    "unchanged",
    metadata,
    Column("package_id", Integer, primary_key=True, comment="its end is theirs, by a trigger"),
    Column("holding_id", BigInteger, primary_key=True),
    Column("sha256", LargeBinary, nullable=False),
    comment="files that SINCE left out: as good as members for the next SINCE",
    schema="bulk",
)

damage = Table(
    "damage",
    metadata,
    Column(
        "package_id", Integer, ForeignKey("bulk.package.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("seq", Integer, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("found", DateTime(timezone=True), nullable=False, server_default=func.now()),
    schema="bulk",
)

part = Table(
    "part",
    metadata,
    Column(
        "package_id", Integer, ForeignKey("bulk.package.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("number", Integer, primary_key=True, comment="from 1"),
    Column("revision", Integer, nullable=False, comment="the revision of the package that made it"),
    Column("first_seq", Integer, nullable=False, comment="its members, from here"),
    Column("stop_seq", Integer, nullable=False, comment="to before here"),
    Column("size", BigInteger, nullable=False),
    Column("digest", Text, nullable=False, comment="sha256 of everything that fixes its bytes"),
    Column("sha256", LargeBinary, comment="of all its bytes; NULL until it is known"),
    Column("piece_bytes", BigInteger, comment="bytes of each piece but the last"),
    Column("pieces", LargeBinary, comment="sha256 of each piece, one after the other"),
    schema="bulk",
)

revision = Table(
    "revision",
    metadata,
    Column(
        "package_id", Integer, ForeignKey("bulk.package.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("number", Integer, primary_key=True, comment="a revision before the package's own"),
    Column("frozen", DateTime(timezone=True), nullable=False),
    Column("tags", JSONB, nullable=False, comment="name to text; empty where no part carries them"),
    schema="bulk",
)

superseded = Table(
    "superseded",
    metadata,
    Column(
        "package_id", Integer, ForeignKey("bulk.package.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("seq", Integer, primary_key=True),
    Column("until", Integer, primary_key=True, comment="in the manifests before this revision"),
    Column("path", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    schema="bulk",
)
