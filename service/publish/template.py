"""A metadata file to start from: everything the table says of itself, in TOML."""

import json
from collections.abc import Iterator
from pathlib import Path

from adql.columns import ColumnMeta
from service.publish.columns import column_keys
from service.tables.reading import open_table

_SAID = ("description", "unit", "ucd", "utype", "xtype")


def metadata_template(path: Path, wanted: str | None = None) -> str:
    """The text of a metadata file for a table; words that are missing are empty comments."""
    with open_table(path, wanted) as source:
        head = source.head
    lines = [
        f"# What TAP says of {path.name}. Uncomment and edit; an empty text takes a word away."
    ]
    lines += _line("title", head.title)
    lines += _line("description", head.description)
    for key, meta in zip(column_keys(head), head.columns, strict=True):
        lines += ["", f"[columns.{json.dumps(key, ensure_ascii=False)}]  # {_type(meta)}"]
        for word in _SAID:
            lines += _line(word, getattr(meta, word))
    return "\n".join(lines) + "\n"


def _line(key: str, value: str | None) -> Iterator[str]:
    """A word that is known as a line, others as a comment."""
    text = json.dumps(value or "", ensure_ascii=False)
    yield f"{key} = {text}" if value else f"# {key} = {text}"


def _type(meta: ColumnMeta) -> str:
    return f"{meta.datatype}[{meta.arraysize}]" if meta.arraysize else meta.datatype
