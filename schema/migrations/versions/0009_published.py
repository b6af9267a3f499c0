"""Published tables: where they came from, what their columns range over, their examples."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and the function that bounds a region."""
    run_script(Path(__file__).with_suffix(".sql").read_text())
