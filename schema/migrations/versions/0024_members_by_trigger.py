"""Members of packages go with their package by a trigger: a reference was checked for each."""

from schema.migrations.run_sql import run_script

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# A package and its members are written by one transaction, so that there is nothing to check; the
# check took a quarter of the time of freezing.
_SQL = """
ALTER TABLE bulk.member DROP CONSTRAINT member_package_id_fkey;
ALTER TABLE bulk.unchanged DROP CONSTRAINT unchanged_package_id_fkey;

CREATE FUNCTION bulk.forget_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM bulk.member WHERE package_id = OLD.id;
    DELETE FROM bulk.unchanged WHERE package_id = OLD.id;
    RETURN NULL;
END $$;

CREATE TRIGGER forget_members AFTER DELETE ON bulk.package
FOR EACH ROW EXECUTE FUNCTION bulk.forget_members();
"""


def upgrade() -> None:
    """Replace the two references."""
    run_script(_SQL)
