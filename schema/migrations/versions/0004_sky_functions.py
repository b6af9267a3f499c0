"""Immutable functions of the sphere, which translated ADQL calls."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Install the functions."""
    script = Path(__file__).parents[2] / "sql" / "sky_functions.sql"
    run_script(script.read_text())
