"""Cutouts of many positions: what is wanted, what was made of it, jobs made of other jobs."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the schema `pairing`, parents of jobs, and members of packages that a job made."""
    run_script(Path(__file__).with_suffix(".sql").read_text())
