"""What publishers say of files that belong to a dataset, and of datasets that belong together."""

from schema.migrations.run_sql import run_script

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the words for a link, and links to the files of other datasets."""
    run_script(
        "ALTER TABLE archive.holding ADD COLUMN label text, ADD COLUMN description text; "
        "CREATE TABLE archive.relation ("
        "    dataset_id bigint NOT NULL REFERENCES archive.dataset (id),"
        "    holding_id bigint NOT NULL REFERENCES archive.holding (id),"
        "    semantics text NOT NULL,"
        "    label text,"
        "    description text,"
        "    PRIMARY KEY (dataset_id, holding_id, semantics)"
        "); "
        "CREATE INDEX relation_holding ON archive.relation (holding_id)"
    )
