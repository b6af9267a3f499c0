"""Parts of packages with their hashes, and what repaired packages were before."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; a member may be damaged."""
    run_script(Path(__file__).with_suffix(".sql").read_text())
