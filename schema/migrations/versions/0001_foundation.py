"""Collections, datasets, holdings; ivoa.obscore; TAP_SCHEMA; the role of user queries."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the foundation."""
    run_script(Path(__file__).with_suffix(".sql").read_text())
