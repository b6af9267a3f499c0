"""Jobs as UWS 1.1 sees them, with the lease of the worker that runs one."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the schema uws."""
    run_script(Path(__file__).with_suffix(".sql").read_text())
