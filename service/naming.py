"""NAMING: a template of the members' names, such as {target_name}/{obs_id}.fits.

Literal text must be a safe name by itself; what values bring is made safe when names are made
(schema/sql/bulk_names.sql).
"""

import re
from dataclasses import dataclass

from service.errors import UsageError

DEFAULT = "{collection}/{path}"
_MOST_CHARACTERS = 1000
_MOST_FOLDERS = 16
_PIECE = re.compile(r"\{([^{}]*)\}|([^{}]+)|(.)", re.DOTALL)
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f]|[<>:"|?*%~\\]')


@dataclass(frozen=True, slots=True)
class Column:
    """A place in a template where the value of a column goes."""

    name: str


@dataclass(frozen=True, slots=True)
class Template:
    """A template as its pieces: literal text and columns, in order."""

    pieces: tuple[str | Column, ...]


def template(text: str) -> Template:
    """Read a template. UsageError where it is none, or could name something outside a package."""
    if len(text) > _MOST_CHARACTERS:
        raise _wrong(text, f"it is longer than {_MOST_CHARACTERS} characters")
    pieces: list[str | Column] = []
    for column, literal, stray in _PIECE.findall(text):
        if stray:
            raise _wrong(text, f"{stray} stands alone; columns are written as {{target_name}}")
        if literal:
            _check_literal(text, literal)
            pieces.append(literal)
        elif not column.strip():
            raise _wrong(text, "{} names no column; write {target_name}")
        else:
            pieces.append(Column(column.strip()))
    _check_components(text)
    return Template(tuple(pieces))


def _check_literal(text: str, literal: str) -> None:
    found = _UNSAFE.search(literal)
    if found is None:
        return
    if found[0].isprintable():
        raise _wrong(text, f"{found[0]} cannot stand in names on every system; leave it out")
    raise _wrong(text, "it contains a control character; leave it out")


def _check_components(text: str) -> None:
    components = text.split("/")
    if text.startswith("/"):
        raise _wrong(text, "it begins with /; names are relative to the package")
    if "" in components:
        raise _wrong(text, "a folder or the file has no name between two / or at the end")
    if any(component.strip() in (".", "..") for component in components):
        raise _wrong(text, ". and .. are no names; files stay inside of the package")
    if len(components) > _MOST_FOLDERS:
        raise _wrong(text, f"it has more than {_MOST_FOLDERS} levels")


def _wrong(text: str, reason: str) -> UsageError:
    return UsageError(f"NAMING={text[:80]!r}: {reason}")
