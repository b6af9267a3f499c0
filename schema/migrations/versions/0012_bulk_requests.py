"""What a bulk job is asked for: the form of its parts, names of every kind, what SINCE left out."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table; replace the functions that make names."""
    run_script(Path(__file__).with_suffix(".sql").read_text())
    run_script((Path(__file__).parents[2] / "sql" / "bulk_names.sql").read_text())
