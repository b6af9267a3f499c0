"""Mathematics and casts that give NULL in place of an error, which translated ADQL calls."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Install the functions."""
    script = Path(__file__).parents[2] / "sql" / "value_functions.sql"
    run_script(script.read_text())
