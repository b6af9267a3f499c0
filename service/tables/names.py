"""Names in TAP: how a query writes a column or a table.

ADQL 2.1 §2.1.2 and §2.1.3: a regular identifier begins with a letter and is no reserved word; any
other name is written in double quotes. TAP_SCHEMA holds names as queries write them (TAP 1.1 §4.3).
"""

import re
from collections import Counter
from collections.abc import Sequence

from adql.syntax.words import RESERVED

REGULAR = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def as_written(name: str) -> str:
    """A name as a query writes it: in double quotes unless it is a regular identifier."""
    if REGULAR.fullmatch(name) and name.upper() not in RESERVED:
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
