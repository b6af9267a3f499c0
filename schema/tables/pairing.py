"""Cutouts of many positions at once: what is wanted, which files it is cut from, what became of it.

Rows are written once: matching writes what is wanted and the cuts, each task its outcomes.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from schema.tables import metadata


def _of_pairing(*, key: bool = True) -> "Column[int]":
    parent = ForeignKey("pairing.pairing.id", ondelete="CASCADE")
    return Column("pairing_id", Integer, parent, primary_key=key, nullable=False)


pairing = Table(
    "pairing",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column(
        "job_id", Text, ForeignKey("uws.job.id", ondelete="CASCADE"), nullable=False, unique=True
    ),
    Column("bulk_job", Text, comment="the job that packs the products, once there is one"),
    Column("cuts", BigInteger, comment="to be made; NULL until all rows are matched"),
    Column("files", BigInteger, comment="that they are made of"),
    Column("octets", BigInteger, comment="of all pixels, about"),
    schema="pairing",
)

band = Table(
    "band",
    metadata,
    _of_pairing(key=False),
    Column("said", Text, nullable=False, comment="as the row or BAND has it"),
    Column("name", Text, comment="of the filter; NULL for an interval"),
    Column("low", Double, nullable=False, comment="metres"),
    Column("high", Double, nullable=False),
    schema="pairing",
)

wanted = Table(
    "wanted",
    metadata,
    _of_pairing(),
    Column("row", BigInteger, primary_key=True, comment="of the uploaded table, from 1"),
    Column("label", Text, comment="what the user calls the object"),
    Column("dataset", Text, comment="obs_publisher_did; NULL: every image at the position"),
    Column("ra", Double, comment="ICRS, degrees; NULL: the centre of the dataset"),
    Column("dec", Double),
    Column("pixels", Integer, comment="of each side"),
    Column("degrees", Double, comment="of each side, where pixels is NULL"),
    Column("band", Text, comment="as the row has it; NULL: any"),
    Column("collection", Text, comment="obs_collection; NULL: any"),
    Column("error", Text, comment="why nothing can be cut for the row"),
    schema="pairing",
)

cut = Table(
    "cut",
    metadata,
    _of_pairing(),
    Column("task", Integer, primary_key=True),
    Column("holding_id", BigInteger, primary_key=True),
    Column("row", BigInteger, primary_key=True),
    Column("dataset_id", BigInteger, nullable=False),
    Column("pixels", Integer, comment="of each side; NULL: a circle, for want of the scale"),
    Column("band", Text, comment="the filter that was asked for"),
    Column("low", Double, comment="of the band that was asked for, metres"),
    Column("high", Double),
    Column("name", Text, nullable=False, comment="by NAMING, not yet safe nor unique"),
    schema="pairing",
)

task = Table(
    "task",
    metadata,
    _of_pairing(),
    Column("number", Integer, primary_key=True),
    Column("cuts", Integer, nullable=False),
    Column("pack", Text, comment="key in the work store; NULL until the task is done"),
    Column("size", BigInteger, comment="of the pack; with times, inode and ETag its state"),
    Column("mtime_ns", BigInteger),
    Column("ctime_ns", BigInteger),
    Column("inode", BigInteger),
    Column("etag", Text),
    Column("opened", Integer, comment="files"),
    Column("bytes_read", BigInteger, comment="of them"),
    schema="pairing",
)

outcome = Table(
    "outcome",
    metadata,
    _of_pairing(key=False),
    Column("row", BigInteger, nullable=False),
    Column("holding_id", BigInteger, comment="NULL: no file at all for this row"),
    Column("status", Text, nullable=False, comment="ok, partial, no_overlap, error"),
    Column("error", Text, comment="a sentence where there is no product"),
    Column("task", Integer),
    Column("position", BigInteger, comment="of the product in the pack of its task"),
    Column("size", BigInteger),
    Column("sha256", LargeBinary),
    Column("crc32", BigInteger),
    schema="pairing",
)
