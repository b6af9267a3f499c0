"""Files in buckets: the ETag that an object had when it was ingested."""

from schema.migrations.run_sql import run_script

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add etag beside size, times and inode; files of directories have none."""
    run_script(
        "ALTER TABLE archive.holding ADD COLUMN etag text NOT NULL DEFAULT ''; "
        "ALTER TABLE archive.refusal ADD COLUMN etag text NOT NULL DEFAULT ''; "
        "ALTER TABLE bulk.member ADD COLUMN etag text DEFAULT ''"
    )
