"""Tokens of principals; whose turn an anonymous job is."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of tokens; note the addresses of anonymous clients at their jobs."""
    run_script(Path(__file__).with_suffix(".sql").read_text())
