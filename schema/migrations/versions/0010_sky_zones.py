"""Joins on distance: which positions have the index by zones, and the functions that use it."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark and the functions; ivoa.obscore has had the index from the first migration."""
    run_script("ALTER TABLE archive.sky_position ADD COLUMN zones boolean NOT NULL DEFAULT false")
    run_script((Path(__file__).parents[2] / "sql" / "sky_zones.sql").read_text())
