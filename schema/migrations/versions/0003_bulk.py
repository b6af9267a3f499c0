"""Bulk packages: the frozen members, and what was found damaged later."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the schema bulk."""
    run_script(Path(__file__).with_suffix(".sql").read_text())
