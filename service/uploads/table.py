"""An uploaded table: what its file says of itself, and what queries see of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import structlog

from adql.catalogue import Column, SkyPosition, Table
from adql.columns import ColumnMeta
from schema.catalogue import quoted, sql_type
from service.errors import StarhaulError, TooLarge, UsageError
from service.tables import copy_binary, text_values
from service.tables.names import columns_as_written
from service.tables.position import (
    HIDDEN,
    HIDDEN_TYPES,
    hidden_values,
    is_equatorial,
    position_pair,
    unusable,
)
from service.tables.stored import stored_values
from service.tables.table import Place, Source, TableHead, is_text
from service.uploads.request import SCHEMA, Upload

# PostgreSQL holds 1,600 columns, and joins of two such tables fewer.
_MOST_COLUMNS = 1500

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class UploadedTable:
    """An open file as a table of the schema TAP_UPLOAD.

    Users' names stay in `table`; in PostgreSQL the relation is pg_temp.upload_N with the columns
    f1, f2, ..., and hidden ones where two columns are a position.
    """

    upload: Upload
    table: Table
    relation: str
    columns: tuple[tuple[str, str], ...]
    pair: tuple[int, int] | None
    source: Source

    def copied(self, path: Path, most_bytes: int) -> Iterator[bytes]:
        """The rows as PostgreSQL's binary COPY takes them, batch by batch.

        PlacedError with the row and column, TooLarge where they unpack to more than `most_bytes`.
        """
        yield copy_binary.HEADER
        rows = size = 0
        with reading():
            for batch in self.source.batches():
                if not batch.num_rows:
                    continue
                arrays = self._values(batch, Place(path, rows))
                octets = copy_binary.rows(arrays, [kind for _, kind in self.columns])
                rows += batch.num_rows
                size += len(octets)
                if size > most_bytes:
                    raise TooLarge(
                        f"its rows are more than this archive takes ({most_bytes} bytes once they "
                        "are unpacked); upload fewer rows or columns"
                    )
                yield octets
        yield copy_binary.TRAILER

    def _values(self, batch: pa.RecordBatch, before: Place) -> list[pa.Array]:
        arrays = []
        for index, column in enumerate(self.table.columns):
            try:
                arrays.append(stored_values(batch.column(index), column.meta))
            except text_values.BadText as error:
                place = replace(before.after(error.row + 1), column=column.meta.name)
                raise place.error(str(error)) from None
        if self.pair is not None:
            arrays += hidden_values(arrays[self.pair[0]], arrays[self.pair[1]])
        return arrays


@contextmanager
def reading() -> Iterator[None]:
    """While a file is read, whatever its reader cannot do is the file's fault: a UsageError."""
    try:
        yield
    except StarhaulError:
        raise
    except Exception as error:
        _log.warning("an upload could not be read", error=repr(error))
        raise UsageError("it is no whole table; fetch or write it again") from error


def uploaded_table(upload: Upload, number: int, source: Source, *, votable: bool) -> UploadedTable:
    """The table that an open file makes, the `number`-th of its query.

    UsageError where PostgreSQL cannot hold it.
    """
    head = source.head
    if len(head.columns) > _MOST_COLUMNS:
        raise UsageError(f"it has {len(head.columns)} columns; the most is {_MOST_COLUMNS}")
    metas = [
        _named(meta if votable else _any_text(meta), index)
        for index, meta in enumerate(head.columns, start=1)
    ]
    pair = _pair(head, metas)
    written = columns_as_written([meta.name for meta in metas])
    columns = tuple(
        Column(
            meta=meta,
            sql_name=quoted(f"f{index}"),
            sql_type=sql_type(meta.datatype, meta.arraysize, meta.xtype),
            principal=True,
            delimited=name != meta.name,
        )
        for index, (meta, name) in enumerate(zip(metas, written, strict=True), start=1)
    )
    physical = [(column.sql_name.strip('"'), column.sql_type) for column in columns]
    if pair is not None:
        physical += zip(HIDDEN, HIDDEN_TYPES, strict=True)
    relation = f"upload_{number}"
    table = Table(
        schema=SCHEMA,
        name=upload.name,
        sql_name=f"pg_temp.{quoted(relation)}",
        columns=columns,
        positions=() if pair is None else (_position(metas, pair),),
        description=head.description,
    )
    return UploadedTable(upload, table, relation, tuple(physical), pair, source)


def _named(meta: ColumnMeta, number: int) -> ColumnMeta:
    """The column with a name; moments that are no text are plain numbers."""
    meta = replace(meta, name=meta.name.strip() or f"column_{number}")
    if meta.xtype == "timestamp" and not is_text(meta):
        return replace(meta, xtype=None)
    return meta


def _any_text(meta: ColumnMeta) -> ColumnMeta:
    """Texts of formats other than VOTable hold any character."""
    if meta.datatype == "char" and meta.xtype is None:
        return replace(meta, datatype="unicodeChar")
    return meta


def _pair(head: TableHead, metas: list[ColumnMeta]) -> tuple[int, int] | None:
    """The columns that are a position in degrees, ICRS."""
    pair = position_pair(metas)
    if pair is None or not is_equatorial(head.frame):
        return None
    return None if any(unusable(metas[index]) for index in pair) else pair


def _position(metas: list[ColumnMeta], pair: tuple[int, int]) -> SkyPosition:
    hpx, hcell, x, y, z = map(quoted, HIDDEN)
    ra, dec = (metas[index].name for index in pair)
    return SkyPosition(ra, dec, hpx=hpx, hcell=hcell, x=x, y=y, z=z, zones=True)
