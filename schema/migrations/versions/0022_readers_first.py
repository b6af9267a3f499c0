"""Who may read a dataset is asked before all that a query asks."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make ivoa.obscore anew, with the same columns."""
    run_script(Path(__file__).with_suffix(".sql").read_text())
