"""Joins on distance: which positions have the index by zones, and the functions that use it."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark and the functions; index ivoa.obscore by the one that is total."""
    run_script((Path(__file__).parents[2] / "sql" / "sky_zones.sql").read_text())
    run_script(
        "ALTER TABLE archive.sky_position ADD COLUMN zones boolean NOT NULL DEFAULT false; "
        "DROP INDEX archive.dataset_zone; "
        "CREATE INDEX dataset_zone ON archive.dataset (starhaul.zone(s_dec), starhaul.turn(s_ra))"
    )
