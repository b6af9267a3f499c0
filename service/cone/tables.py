"""The tables that can be searched: those with a position, and the columns that name it and the row
(SCS 1.03 §2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from adql.catalogue import Catalogue, Column, Table
from service.errors import NotFound
from service.tables.position import position_pair, unusable

_MAIN = "meta.main"
_IDENTIFIERS = ("meta.ref.ivoid", "meta.id", "meta.record")


@dataclass(frozen=True, slots=True)
class ConeTable:
    """A table with the columns of its position in degrees; `identifier` is the column that names a
    row, None where none does."""

    table: Table
    ra: Column
    dec: Column
    identifier: Column | None

    @property
    def name(self) -> str:
        """SCHEMA.TABLE."""
        return f"{self.table.schema}.{self.table.name}"


@lru_cache(2)
def cone_tables(catalogue: Catalogue) -> Mapping[str, ConeTable]:
    """Every table with a position, by its name in lower case."""
    found = (_cone_table(table) for table in catalogue.tables())
    return {cone.name.lower(): cone for cone in found if cone is not None}


def cone_table(catalogue: Catalogue, name: str) -> ConeTable:
    """The table of that name; NotFound where there is none, or none with a position."""
    tables = cone_tables(catalogue)
    found = tables.get(name.replace('"', "").lower())
    if found is None:
        raise NotFound(f"there is no table {name[:100]!r} with a position; /cone lists those")
    return found


def _cone_table(table: Table) -> ConeTable | None:
    pair = _position(table)
    return None if pair is None else ConeTable(table, *pair, _identifier(table))


def _position(table: Table) -> tuple[Column, Column] | None:
    """The position that is indexed, else the one that UCDs or names tell."""
    if table.positions:
        by_name = {column.meta.name: column for column in table.columns}
        position = table.positions[0]
        return by_name[position.ra], by_name[position.dec]
    metas = [column.meta for column in table.columns]
    pair = position_pair(metas)
    if pair is None or any(unusable(metas[index]) for index in pair):
        return None
    return table.columns[pair[0]], table.columns[pair[1]]


def _identifier(table: Table) -> Column | None:
    """The column of the main identifier; else the first of an identifier of datasets or rows."""
    ucds = [
        (column, (column.meta.ucd or "").lower().split(";"))
        for column in table.columns
        if not column.sql_type.endswith("[]")
    ]
    for column, words in ucds:
        if words == ["id_main"] or (words[0] == "meta.id" and _MAIN in words):
            return column
    for wanted in _IDENTIFIERS:
        for column, words in ucds:
            if words == [wanted]:
                return column
    return None
