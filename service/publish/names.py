"""Names in TAP: how a query writes a column or a table, and which schemas are not for publishing.

ADQL 2.1 §2.1.2 and §2.1.3: a regular identifier begins with a letter and is no reserved word; any
other name is written in double quotes. TAP_SCHEMA holds names as queries write them (TAP 1.1 §4.3).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from adql.syntax.words import RESERVED
from service.errors import UsageError

_REGULAR = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PART = r'([A-Za-z][A-Za-z0-9_]*|"(?:[^"]|"")+")'
_TABLE = re.compile(rf"{_PART}\.{_PART}")
_ARCHIVES_OWN = {"archive", "bulk", "ivoa", "starhaul", "tap_schema", "tap_upload", "uws"}
_RESERVED_SCHEMAS = _ARCHIVES_OWN | {"information_schema", "public"}
_MOST_CHARACTERS = 63


def as_written(name: str) -> str:
    """A name as a query writes it: in double quotes unless it is a regular identifier."""
    if _REGULAR.fullmatch(name) and name.upper() not in RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def columns_as_written(names: Sequence[str]) -> list[str]:
    """Column names as queries write them; names that differ in case alone need quotes."""
    folded = Counter(name.lower() for name in names)
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    return [
        q if folded[name.lower()] > 1 else as_written(name)
        for name, q in zip(names, quoted, strict=True)
    ]


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
    if not _REGULAR.fullmatch(schema) or schema.upper() in RESERVED:
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
