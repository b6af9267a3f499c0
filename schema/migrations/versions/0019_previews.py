"""What is known of previews."""

from pathlib import Path

from schema.migrations.run_sql import run_script

revision = "0019"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of previews."""
    run_script(Path(__file__).with_suffix(".sql").read_text())
