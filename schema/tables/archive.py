"""Collections, datasets and holdings: ingest writes them, every protocol reads them."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.types import TypeEngine, UserDefinedType

from schema.obscore import OBSCORE_COLUMNS
from schema.tables import metadata


class Cube(UserDefinedType[str]):
    """PostgreSQL's contrib type `cube`, as text: "(x, y, z), (x, y, z)"."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type's name in DDL."""
        return "cube"


_SQL_TYPES: dict[str, type[TypeEngine[Any]]] = {
    "text": Text,
    "integer": Integer,
    "bigint": BigInteger,
    "double precision": Double,
    "timestamp": TIMESTAMP,
}
_NOT_NULL = {"calib_level", "obs_collection", "obs_id", "obs_publisher_did"}
_NOT_STORED = {"access_url"}

setting = Table(
    "setting",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", JSONB, nullable=False),
    schema="archive",
)

collection = Table(
    "collection",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("root", Text, nullable=False, comment="directory or s3:// prefix of the files"),
    Column("title", Text),
    Column("description", Text),
    Column("config", JSONB, nullable=False, comment="collection.toml as last ingested"),
    Column("readable_by", ARRAY(Text), comment="NULL: everybody"),
    Column("ingested", DateTime(timezone=True)),
    schema="archive",
)

dataset = Table(
    "dataset",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("collection_id", Integer, ForeignKey("archive.collection.id"), nullable=False),
    *(
        Column(
            c.meta.name,
            _SQL_TYPES[c.sql_type],
            nullable=c.meta.name not in _NOT_NULL,
            unique=c.meta.name == "obs_publisher_did" or None,
        )
        for c in OBSCORE_COLUMNS
        if c.meta.name not in _NOT_STORED
    ),
    Column("holding_id", BigInteger, comment="the one file of a dataset of one file, else NULL"),
    Column("readable_by", ARRAY(Text), comment="NULL: everybody"),
    Column("present", Boolean, nullable=False, server_default="true"),
    Column("hpx", BigInteger, comment="HEALPix, nested, order 29, of s_ra, s_dec"),
    Column("hcell", Integer, comment="hpx >> 52, filled by the loader"),
    Column("x", Double, Computed("cosd(s_dec) * cosd(s_ra)"), comment="unit vector of s_ra, s_dec"),
    Column("y", Double, Computed("cosd(s_dec) * sind(s_ra)")),
    Column("z", Double, Computed("sind(s_dec)")),
    Column("vertices", ARRAY(Double), comment="ra, dec, ra, dec, ... of s_region, degrees, ICRS"),
    Column("box", Cube, comment="x, y, z bounds of the cap of s_region's bounding circle"),
    Column("updated", DateTime(timezone=True), nullable=False, server_default=func.now()),
    schema="archive",
)

holding = Table(
    "holding",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="/files/{id}"),
    Column("collection_id", Integer, ForeignKey("archive.collection.id"), nullable=False),
    Column("dataset_id", BigInteger, ForeignKey("archive.dataset.id"), nullable=False),
    Column("path", Text, nullable=False, comment="relative to the collection's root"),
    Column("semantics", Text, nullable=False, server_default="#this"),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("ctime_ns", BigInteger, nullable=False, comment="0 for an object of a bucket"),
    Column("inode", BigInteger, nullable=False, comment="0 for an object of a bucket"),
    Column("etag", Text, nullable=False, server_default="", comment="'' for a file"),
    Column("sha256", LargeBinary, nullable=False),
    Column("crc32", BigInteger, nullable=False, comment="for zip"),
    Column("readable_by", ARRAY(Text), comment="NULL: everybody"),
    Column("reader", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="present", comment="present, vanished"),
    Column("ingested", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("label", Text, comment="local_semantics of its link"),
    Column("description", Text, comment="of its link; NULL: made of its name"),
    UniqueConstraint("collection_id", "path"),
    schema="archive",
)

relation = Table(
    "relation",
    metadata,
    Column("dataset_id", BigInteger, ForeignKey("archive.dataset.id"), primary_key=True),
    Column(
        "holding_id",
        BigInteger,
        ForeignKey("archive.holding.id"),
        primary_key=True,
        comment="a file of another dataset",
    ),
    Column("semantics", Text, primary_key=True, comment="what it is to the dataset: #progenitor"),
    Column("label", Text, comment="local_semantics of the link"),
    Column("description", Text),
    schema="archive",
)

spectrum = Table(
    "spectrum",
    metadata,
    Column("dataset_id", BigInteger, ForeignKey("archive.dataset.id"), primary_key=True),
    Column("n_points", BigInteger),
    Column("wavelength_unit", Text),
    Column("wavelength_ucd", Text),
    Column("wavelength_medium", Text, comment="air, vacuum; NULL: the file does not say"),
    Column("flux_unit", Text),
    Column("flux_ucd", Text),
    Column("specsys", Text, comment="FITS SPECSYS"),
    Column("snr", Double),
    Column("redshift", Double),
    schema="archive",
)

preview = Table(
    "preview",
    metadata,
    Column("key", Text, primary_key=True, comment="made of all that the drawing depends on"),
    Column("job_id", Text, nullable=False, comment="the job that draws it"),
    Column("size", BigInteger, comment="bytes in the work store; NULL: not drawn (yet)"),
    Column("reason", Text, comment="why it cannot be drawn"),
    Column("retry", DateTime(timezone=True), comment="when the reason may have passed"),
    Column("used", DateTime(timezone=True), nullable=False, server_default=func.now()),
    schema="archive",
)

refusal = Table(
    "refusal",
    metadata,
    Column("collection_id", Integer, ForeignKey("archive.collection.id"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("ctime_ns", BigInteger, nullable=False, comment="0 for an object of a bucket"),
    Column("inode", BigInteger, nullable=False, comment="0 for an object of a bucket"),
    Column("etag", Text, nullable=False, server_default="", comment="'' for a file"),
    Column("refused", DateTime(timezone=True), nullable=False, server_default=func.now()),
    schema="archive",
)

sky_position = Table(
    "sky_position",
    metadata,
    Column("table_name", Text, primary_key=True, comment="as in TAP_SCHEMA.tables"),
    Column("ra", Text, primary_key=True),
    Column("dec", Text, primary_key=True),
    Column("hpx", Text),
    Column("hcell", Text),
    Column("x", Text),
    Column("y", Text),
    Column("z", Text),
    Column(
        "zones",
        Boolean,
        nullable=False,
        server_default="false",
        comment="(starhaul.zone(dec), starhaul.turn(ra)) is indexed",
    ),
    schema="archive",
)

sky_region = Table(
    "sky_region",
    metadata,
    Column("table_name", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("vertices", Text),
    Column("box", Text),
    schema="archive",
)
