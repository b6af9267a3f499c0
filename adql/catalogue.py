"""The catalogue that names are resolved against: a plain protocol, filled by whoever has tables."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from adql.columns import ColumnMeta


@dataclass(frozen=True, slots=True)
class Column:
    """A column that users may name. `sql_name` is its quoted physical name.

    `meta.name` is the name as TAP_SCHEMA has it, without quotes; `delimited` says that the name
    must be quoted in ADQL (it is no regular identifier, or is a reserved word).
    """

    meta: ColumnMeta
    sql_name: str
    sql_type: str
    indexed: bool = False
    principal: bool = False
    delimited: bool = False


@dataclass(frozen=True, slots=True)
class SkyPosition:
    """Columns (users' names) that form a position in degrees, and the hidden ones that index it.

    All hidden names are quoted physical names: `hpx` (nested HEALPix order 29, bigint), `hcell`
    (hpx >> 52, int), `x`, `y`, `z` (unit vector). None where a table has no such column. `zones`
    says that `(starhaul.zone(dec), starhaul.turn(ra))` is indexed: joins on distance use it.
    """

    ra: str
    dec: str
    hpx: str | None = None
    hcell: str | None = None
    x: str | None = None
    y: str | None = None
    z: str | None = None
    zones: bool = False


@dataclass(frozen=True, slots=True)
class SkyRegion:
    """A region column (users' name), the hidden vertex array and its indexed `cube` (DESIGN §5)."""

    region: str
    vertices: str | None = None
    box: str | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a table's rows live: here, copied to every node, or spread by a column (DESIGN §5)."""

    kind: Literal["local", "reference", "distributed"] = "local"
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table that users may query. `sql_name` is the quoted relation ("ivoa"."obscore")."""

    schema: str
    name: str
    sql_name: str
    columns: tuple[Column, ...]
    positions: tuple[SkyPosition, ...] = ()
    regions: tuple[SkyRegion, ...] = ()
    placement: Placement = field(default_factory=Placement)
    description: str | None = None


class Catalogue(Protocol):
    """What a translator asks of the archive. Names are compared by ADQL 2.1 §2.1.3."""

    def tables(self) -> Iterable[Table]:
        """Every table users may query."""
        ...

    def __hash__(self) -> int:
        """Catalogues are keys of what was found out about them."""
        ...
