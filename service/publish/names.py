"""The name of a table to publish, and which schemas are not for publishing."""

import re
from dataclasses import dataclass

from adql.syntax.words import RESERVED
from service.errors import UsageError
from service.tables.names import REGULAR, as_written

_PART = r'([A-Za-z][A-Za-z0-9_]*|"(?:[^"]|"")+")'
_TABLE = re.compile(rf"{_PART}\.{_PART}")
_ARCHIVES_OWN = {"archive", "bulk", "ivoa", "starhaul", "tap_schema", "tap_upload", "uws"}
_RESERVED_SCHEMAS = _ARCHIVES_OWN | {"information_schema", "public"}
_MOST_CHARACTERS = 63


@dataclass(frozen=True, slots=True)
class TableName:
    """A schema and a table, without quotes."""

    schema: str
    table: str

    @property
    def written(self) -> str:
        """As TAP_SCHEMA has it and queries write it."""
        return f"{as_written(self.schema)}.{as_written(self.table)}"


def table_name(text: str) -> TableName:
    """The name that `SCHEMA.TABLE` means. UsageError where nothing can be published under it."""
    match = _TABLE.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"{text!r} names no table; write SCHEMA.TABLE, each of letters, digits and _, "
            "beginning with a letter, or in double quotes"
        )
    schema, table = (_without_quotes(part) for part in match.groups())
    low = schema.lower()
    if not REGULAR.fullmatch(schema) or schema.upper() in RESERVED:
        raise UsageError(
            f"{schema!r} is no name for a schema: write it with letters, digits and _, beginning "
            "with a letter, and use no reserved word of ADQL"
        )
    if low in _RESERVED_SCHEMAS or low.startswith("pg_"):
        raise UsageError(
            f"the schema {schema} belongs to the archive itself; publish under another, such as "
            f"survey.{table}"
        )
    if len(schema) > _MOST_CHARACTERS:
        raise UsageError(f"the name of a schema has at most {_MOST_CHARACTERS} characters")
    if "\0" in table:
        raise UsageError("a name cannot hold the character NUL")
    return TableName(schema, table)


def _without_quotes(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part
