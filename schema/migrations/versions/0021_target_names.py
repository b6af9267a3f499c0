"""Names of targets without blanks, underscores and case, as SSAP compares them."""

from schema.migrations.run_sql import run_script

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index them."""
    run_script(
        "CREATE INDEX dataset_plain_target_name "
        "ON archive.dataset (translate(lower(target_name), ' _', ''))"
    )
