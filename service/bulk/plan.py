"""From what is asked to what the freezing statement needs: which columns, from where, in SQL."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from adql.columns import OutputColumn
from adql.translation import Translation
from service.archive import Archive
from service.bulk.columns import Columns, Value
from service.bulk.request import BulkRequest
from service.errors import UsageError
from service.language import translated
from service.naming import Column
from service.tables.names import as_written
from service.uploads.request import SCHEMA, Upload
from service.uploads.session import Uploads, opened_uploads

# What names datasets or files: by the column's name, else by its utype (ObsCore, SSAP).
_NAMING: dict[Literal["identifier", "url"], tuple[str, str]] = {
    "identifier": ("obs_publisher_did", "curation.publisherdid"),
    "url": ("access_url", "access.reference"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be frozen. `translation` is None where identifiers were given.

    `name` is the SQL of the naming column in the query, `carried` are SQL and PostgreSQL type of
    what else the selection has. `naming` are literal texts and values, `order` values with their
    directions: True is descending.
    """

    request: BulkRequest
    translation: Translation | None
    named_by: Literal["identifier", "url"]
    name: str
    carried: tuple[tuple[str, str], ...]
    naming: tuple[str | Value, ...]
    unique: tuple[Value, ...]
    order: tuple[tuple[Value, bool], ...]


def plan_of(request: BulkRequest, translation: Translation | None) -> Plan:
    """Find every column that is named; UsageError where one is not there."""
    of_query = () if translation is None else translation.columns
    named_by, name = _naming_column(of_query) if translation else ("identifier", "")
    columns = Columns(of_query)
    naming = tuple(
        columns.text(piece.name, "NAMING") if isinstance(piece, Column) else piece
        for piece in request.naming.pieces
    )
    unique = tuple(columns.text(column, "UNIQUE") for column in request.unique)
    order = tuple((columns.sortable(key.name, "ORDER"), key.descending) for key in request.order)
    carried = tuple(columns.carried)
    return Plan(request, translation, named_by, name, carried, naming, unique, order)


def _naming_column(columns: tuple[OutputColumn, ...]) -> tuple[Literal["identifier", "url"], str]:
    """How the rows name datasets, and the column's name in SQL."""
    for kind, (name, _) in _NAMING.items():
        for column in columns:
            if column.meta.name.lower() == name:
                return kind, column.sql_name
    for kind, (_, utype) in _NAMING.items():
        for column in columns:
            if (column.meta.utype or "").lower().endswith(utype):
                return kind, column.sql_name
    returned = ", ".join(column.meta.name for column in columns[:10])
    raise UsageError(f"name obs_publisher_did or access_url; your query returns {returned}")


@asynccontextmanager
async def planned(
    archive: Archive, request: BulkRequest, files: Mapping[str, Path], principal: str | None
) -> AsyncIterator[tuple[Plan, Uploads]]:
    """The plan, with the uploaded tables open for the time of the block.

    UsageError where a table cannot be read, the query is wrong or a column is not there.
    """
    async with opened_uploads(request.uploads, files, archive.settings, principal) as uploads:
        translation = None
        if not request.ids:
            catalogue = uploads.seen_with(await archive.catalogue.get())
            query = request.query or _whole_table(request.uploads[0])
            translation = await translated(query, request.language, catalogue)
        yield plan_of(request, translation), uploads


def _whole_table(upload: Upload) -> str:
    """ADQL for all of an uploaded table."""
    return f"SELECT * FROM {SCHEMA}.{as_written(upload.name)}"  # noqa: S608
