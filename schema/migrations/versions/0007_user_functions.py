"""What the user-defined functions of ADQL call."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Install the functions."""
    script = Path(__file__).parents[2] / "sql" / "user_functions.sql"
    run_script(script.read_text())
