"""Parts by what fixes their bytes: a hash that is known of one is that of all with its digest."""

from schema.migrations.run_sql import run_script

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index the digests."""
    run_script("CREATE INDEX part_digest_idx ON bulk.part (digest)")
