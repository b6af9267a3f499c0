"""collection.toml: what a publisher says of a folder of files (docs/publisher-guide.md).

Anything that is not a known key is an error with its line and the nearest known key, so that a typo
never passes as silence.
"""

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_type_hints

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    create_model,
    field_validator,
)

from service.errors import UsageError
from service.ingest.facts import DatasetFacts
from service.ingest.readers import READER_NAMES
from service.ingest.relations import Relation
from service.toml_errors import did_you_mean, explain, line_of

_NOT_CONSTANT = {"vertices", "spectrum", "s_region"}
_STRUCTURE = re.compile(
    r"^(SIMPLE|XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS|TFORM\d+|TBCOL\d+|END|ZIMAGE"
    r"|ZBITPIX|ZNAXIS\d*|GROUPS|EXTEND|THEAP|TDIM\d+)$"
)
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]*(/[^?#]*)?")
_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
# What lies beside the collections at /ssap/{name} (DALI 1.1 §2).
_RESOURCES = ("capabilities", "availability")
FITS_SUFFIXES = (
    "*.fits",
    "*.fit",
    "*.fts",
    "*.fits.fz",
    "*.fits.gz",
    "*.fit.gz",
    "*.fts.gz",
    "*.fits.bz2",
    "*.fit.bz2",
    "*.fts.bz2",
)


# Where data come from (SSAP 1.1 §2.5.1).
DataSource: TypeAlias = Literal["survey", "pointed", "custom", "theory", "artificial"]


class CollectionError(UsageError):
    """collection.toml cannot be used as it is."""

    title = "Wrong collection.toml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _column_fields() -> dict[str, Any]:
    """The ObsCore columns that a publisher may state, with the types of DatasetFacts."""
    hints = get_type_hints(DatasetFacts)
    columns: dict[str, Any] = {}
    for field in fields(DatasetFacts):
        if field.name in _NOT_CONSTANT:
            continue
        kinds = [kind for kind in get_args(hints[field.name]) if kind is not type(None)]
        kind = kinds[0] if kinds else str
        columns[field.name] = (kind | None, None)
    columns["calib_level"] = (Annotated[int, Field(ge=0, le=4)] | None, None)
    return columns


Columns: type[_Strict] = create_model("Columns", __base__=_Strict, **_column_fields())


class Collection(_Strict):
    """One collection: a root directory, what to take of it, and what to say of all of it."""

    name: Annotated[str, StringConstraints(pattern=_NAME, max_length=64)]
    title: str | None = None
    description: str | None = None
    licence: str | None = None
    data_source: DataSource | None = None
    root: str = "."
    include: list[str] = Field(default_factory=lambda: list(FITS_SUFFIXES), min_length=1)
    exclude: list[str] = Field(default_factory=list)
    reader: str | None = None
    readable_by: list[str] | None = None
    constants: Columns = Field(default_factory=Columns)
    defaults: Columns = Field(default_factory=Columns)
    header: dict[str, str | int | float | bool] = Field(default_factory=dict)
    relations: list[Relation] = Field(default_factory=list)

    @field_validator("name")
    @classmethod
    def _no_resource(cls, name: str) -> str:
        if name in _RESOURCES:
            raise ValueError(
                f"/ssap/{name} is no collection but tells of the service; choose another"
            )
        return name

    @field_validator("reader")
    @classmethod
    def _known_reader(cls, reader: str | None) -> str | None:
        if reader is not None and reader not in READER_NAMES:
            raise ValueError(f"no such reader{did_you_mean(reader, READER_NAMES)}")
        return reader

    @field_validator("header")
    @classmethod
    def _no_structure(
        cls, cards: dict[str, str | int | float | bool]
    ) -> dict[str, str | int | float | bool]:
        for card in cards:
            if _STRUCTURE.match(card.upper()):
                raise ValueError(f"{card} says how the file is built and cannot be overridden")
        return cards

    def stated(self, which: str) -> dict[str, Any]:
        """The columns given under [constants] or [defaults]."""
        values: dict[str, Any] = getattr(self, which).model_dump(exclude_none=True)
        return values


def _known_keys(location: tuple[str, ...]) -> list[str]:
    tables: dict[str, type[BaseModel]] = {
        "constants": Columns,
        "defaults": Columns,
        "relations": Relation,
    }
    return list(tables.get(location[0] if location else "", Collection).model_fields)


def _explain(error: Any, text: str) -> str:
    location = tuple(str(part) for part in error["loc"] if not isinstance(part, int))
    outside = location and location[0] not in ("constants", "defaults", "relations")
    if error["type"] == "extra_forbidden" and outside and location[0] in Columns.model_fields:
        at = line_of(text, location)
        where = f"line {at}: " if at else ""
        key = ".".join(location)
        return f"{where}`{key}` is an ObsCore column: write it under [constants] or [defaults]"
    return explain(error, text, _known_keys)


def parse_collection(text: str, origin: str) -> Collection:
    """The collection that the text of a collection.toml describes; `origin` names it in errors."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CollectionError(f"{origin} is not valid TOML: {error}") from None
    try:
        return Collection.model_validate(table)
    except ValidationError as error:
        problems = [_explain(problem, text) for problem in error.errors()]
        raise CollectionError(f"{origin}, " + f"\n{origin}, ".join(problems)) from None


def load_collection(path: Path) -> tuple[Collection, str]:
    """The collection and its root: s3://bucket/prefix, or an absolute directory.

    A relative root starts at the directory of the file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise CollectionError(f"{path} cannot be read: {reason}") from None
    collection = parse_collection(text, str(path))
    if "://" in collection.root:
        return collection, _bucket(collection.root, _at_root(path, text))
    root = (path.absolute().parent / Path(collection.root).expanduser()).resolve()
    if not root.is_dir():
        raise CollectionError(
            f"{_at_root(path, text)}: the root directory {collection.root!r} does not exist "
            f"(looked for {root}); a relative root starts at the directory of collection.toml"
        )
    return collection, str(root)


def _at_root(path: Path, text: str) -> str:
    line = line_of(text, ("root",))
    return f"{path}, line {line}" if line else str(path)


def _bucket(root: str, where: str) -> str:
    if _BUCKET.fullmatch(root) is None:
        raise CollectionError(
            f"{where}: the root {root!r} is no bucket; write s3://bucket or s3://bucket/prefix, "
            "or name a directory"
        )
    return root.rstrip("/")
