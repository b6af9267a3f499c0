"""Ranges of coordinates, identifiers without case, and what the registry published when."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Install the functions, make the index and the table."""
    run_script((Path(__file__).parents[2] / "sql" / "sky_ranges.sql").read_text())
    run_script(Path(__file__).with_suffix(".sql").read_text())
