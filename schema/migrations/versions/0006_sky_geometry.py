"""Geometry exact at every size: unions, wide and tiny polygons, rows that are no position."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the functions of shapes, polygons, relations and measures."""
    folder = Path(__file__).parents[2] / "sql"
    for name in ("sky_shapes", "sky_polygons", "sky_relations", "sky_measures"):
        run_script((folder / f"{name}.sql").read_text())
