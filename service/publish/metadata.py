"""The TOML file beside a table: what its publisher says over what the table says of itself.

A key that is not known, or a column that is not there, is an error with its line and the nearest
known name.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.tables.table import TableError
from service.toml_errors import did_you_mean, explain, line_of

Datatype = Literal[
    "boolean", "unsignedByte", "short", "int", "long", "float", "double", "char", "unicodeChar"
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SchemaWords(_Strict):
    """[schema]"""

    description: str | None = None


class PositionWords(_Strict):
    """[position]: the columns of a position in degrees, ICRS, by their names in the file."""

    ra: str
    dec: str


class ColumnWords(_Strict):
    """[columns.NAME]. An empty text takes away what the file says."""

    name: str | None = Field(default=None, min_length=1)
    description: str | None = None
    unit: str | None = None
    ucd: str | None = None
    utype: str | None = None
    xtype: str | None = None
    datatype: Datatype | None = None
    convert: str | None = None
    skip: bool = False
    index: bool | None = None
    principal: bool | None = None
    std: bool = False


class KeyWords(_Strict):
    """[[keys]]: columns that refer to the columns of another table."""

    columns: list[str] = Field(min_length=1)
    to: str
    to_columns: list[str] = Field(min_length=1)
    description: str | None = None
    utype: str | None = None


class ExampleWords(_Strict):
    """[[examples]]: a query to show with the table."""

    title: str
    query: str
    description: str | None = None


class TableWords(_Strict):
    """The whole file."""

    title: str | None = None
    description: str | None = None
    utype: str | None = None
    index: int | None = None
    sky_index: bool = True
    schema_: SchemaWords = Field(default_factory=SchemaWords, alias="schema")
    position: PositionWords | None = None
    columns: dict[str, ColumnWords] = Field(default_factory=dict)
    keys: list[KeyWords] = Field(default_factory=list)
    examples: list[ExampleWords] = Field(default_factory=list)


class Metadata:
    """The words of a file, and where they stand in it."""

    def __init__(self, words: TableWords, text: str, path: Path | None) -> None:
        self.words = words
        self._text = text
        self._path = path

    def error(self, message: str, *location: str) -> TableError:
        """An error at a key of the file."""
        line = line_of(self._text, location) if location else None
        where = f"{self._path}, line {line}" if line else f"{self._path}"
        return TableError(f"{where}: {message}")

    def check_columns(self, names: Iterable[str]) -> None:
        """TableError where a column is described that the table has not."""
        known = list(names)
        for name in self.words.columns:
            self.known_column(name, known, "columns", name)

    def known_column(self, name: str, known: list[str], *location: str) -> None:
        """TableError where the table has no column of that name."""
        if name not in known:
            near = did_you_mean(name, known)
            raise self.error(f"the table has no column {name!r}{near}", *location)

    def types(self) -> dict[str, str]:
        """The datatypes that are stated."""
        return {n: c.datatype for n, c in self.words.columns.items() if c.datatype is not None}


def load_metadata(path: Path | None, table: Path) -> Metadata:
    """What the given file says; without one, FILE.toml beside the table; without that, nothing.

    Raises TableError.
    """
    if path is None:
        path = table.with_name(table.name + ".toml")
        if not path.exists():
            return Metadata(TableWords(), "", None)
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"{path} is not valid TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise TableError(f"{path} cannot be read: {reason}") from None
    try:
        return Metadata(TableWords.model_validate(content), text, path)
    except ValidationError as error:
        problems = [explain(problem, text, _known_keys) for problem in error.errors()]
        raise TableError(f"{path}, " + f"\n{path}, ".join(problems)) from None


def _known_keys(location: tuple[str, ...]) -> list[str]:
    """The keys that the table at a place may have."""
    models: dict[str, type[BaseModel]] = {
        "schema": SchemaWords,
        "position": PositionWords,
        "columns": ColumnWords,
        "keys": KeyWords,
        "examples": ExampleWords,
    }
    model = models.get(location[0], TableWords) if location else TableWords
    return [field.alias or name for name, field in model.model_fields.items()]
