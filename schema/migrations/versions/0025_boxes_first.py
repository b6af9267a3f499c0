"""Boxes and caps tell of most regions whether they meet a shape, before the exact test."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the functions."""
    run_script((Path(__file__).parents[2] / "sql" / "sky_boxes.sql").read_text())
