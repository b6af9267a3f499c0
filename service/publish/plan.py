"""Everything that is known of a table before its first row is stored."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from adql.columns import ColumnMeta
from schema.catalogue import physical_name, quoted
from service.publish.columns import PublishedColumn, published_columns
from service.publish.metadata import Metadata
from service.publish.names import TableName
from service.publish.position import Position, find_position
from service.tables.position import HIDDEN_TYPES, hidden_values
from service.tables.table import Place, TableHead, is_array, is_text

_REGION_UCD = "pos.outline"
_SHAPES = ("circle", "polygon")


@dataclass(frozen=True, slots=True)
class Region:
    """A column of regions, and the physical name of its hidden box."""

    column: PublishedColumn
    box: str

    @property
    def box_sql(self) -> str:
        """The box as PostgreSQL computes it."""
        column = quoted(self.column.physical)
        shape = column if is_array(self.column.meta) else f"starhaul.region({column})"
        return f"starhaul.bounding_box({shape})"


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be stored, and how it is found on the sky."""

    path: Path
    name: TableName
    head: TableHead
    columns: tuple[PublishedColumn, ...]
    position: Position | None
    regions: tuple[Region, ...]
    metadata: Metadata
    notes: tuple[str, ...]

    @property
    def loaded(self) -> list[tuple[str, str]]:
        """Physical name and PostgreSQL type of all that COPY brings: the columns, then hpx, ..."""
        columns = [(column.physical, column.sql_type) for column in self.columns]
        if self.position is not None:
            columns += zip(self.position.hidden, HIDDEN_TYPES, strict=True)
        return columns

    @property
    def building(self) -> str:
        """The physical name of the table while it is filled."""
        return physical_name(f"{self.name.table}~new")

    @property
    def indexed(self) -> tuple[PublishedColumn, ...]:
        """Columns with an index of their own: main identifiers, keys, and what is asked for."""
        keys = {name for key in self.metadata.words.keys for name in key.columns}
        return tuple(
            column
            for column in self.columns
            if not is_array(column.meta)
            and (
                column.words.index
                if column.words.index is not None
                else column.key in keys or _is_main_identifier(column.meta)
            )
        )

    def values(self, batch: pa.RecordBatch, first: int) -> list[pa.Array]:
        """The arrays to load from a batch of the file; `first` rows came before it."""
        arrays = [
            column.values(batch.column(column.source), Place(self.path, first, column.meta.name))
            for column in self.columns
        ]
        if self.position is not None:
            ra = arrays[self.columns.index(self.position.ra)]
            dec = arrays[self.columns.index(self.position.dec)]
            arrays += hidden_values(ra, dec)
        return arrays


def make_plan(path: Path, name: TableName, head: TableHead, metadata: Metadata) -> Plan:
    """The plan for a file's table. TableError where it cannot be published."""
    columns = published_columns(head, metadata, Place(path))
    found = find_position(columns, metadata, head.frame)
    return Plan(
        path=path,
        name=name,
        head=head,
        columns=columns,
        position=found.position,
        regions=_regions(columns) if metadata.words.sky_index else (),
        metadata=metadata,
        notes=() if found.note is None else (found.note,),
    )


def _regions(columns: tuple[PublishedColumn, ...]) -> tuple[Region, ...]:
    taken = {column.physical for column in columns}
    found = []
    for column in columns:
        if _is_region(column.meta):
            box = "box"
            while box in taken:
                box = f"_{box}"
            taken.add(box)
            found.append(Region(column, box))
    return tuple(found)


def _is_main_identifier(meta: ColumnMeta) -> bool:
    words = (meta.ucd or "").lower().split(";")
    return words[0] == "meta.id" and "meta.main" in words


def _is_region(meta: ColumnMeta) -> bool:
    """Whether a column holds regions of the sky: STC-S, or DALI's circles and polygons."""
    xtype = (meta.xtype or "").lower()
    if is_array(meta):
        return xtype in _SHAPES and meta.datatype == "double"
    ucd = (meta.ucd or "").lower().split(";")[0]
    return is_text(meta) and (xtype.endswith("region") or ucd == _REGION_UCD)
