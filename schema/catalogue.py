"""The catalogue that ADQL names are resolved against, read from TAP_SCHEMA and the sky tables."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from asyncpg import Connection, Record

from adql.catalogue import Column, SkyPosition, SkyRegion, Table
from adql.columns import ColumnMeta

_SQL_TYPES: dict[tuple[str, bool], str] = {
    ("boolean", False): "boolean",
    ("short", False): "smallint",
    ("int", False): "integer",
    ("long", False): "bigint",
    ("float", False): "real",
    ("double", False): "double precision",
    ("unsignedByte", False): "smallint",
    ("char", False): "text",
    ("char", True): "text",
    ("unicodeChar", False): "text",
    ("unicodeChar", True): "text",
    ("boolean", True): "boolean[]",
    ("short", True): "smallint[]",
    ("int", True): "integer[]",
    ("long", True): "bigint[]",
    ("float", True): "real[]",
    ("double", True): "double precision[]",
    ("unsignedByte", True): "bytea",
}


_MOST_OCTETS = 63
_DIGEST_CHARACTERS = 12


def sql_type(datatype: str, arraysize: str | None, xtype: str | None) -> str:
    """The PostgreSQL type that holds a column of this VOTable type."""
    if xtype == "timestamp":
        return "timestamp"
    return _SQL_TYPES[datatype, arraysize is not None]


def quoted(name: str) -> str:
    """A name as a PostgreSQL identifier, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def physical_name(name: str) -> str:
    """The name of a user's column or table in PostgreSQL, which keeps 63 octets of it.

    A longer one is its beginning and a digest of the whole.
    """
    octets = name.encode()
    if len(octets) <= _MOST_OCTETS:
        return name
    digest = hashlib.sha256(octets).hexdigest()[:_DIGEST_CHARACTERS]
    start = octets[: _MOST_OCTETS - _DIGEST_CHARACTERS - 1].decode(errors="ignore")
    return f"{start}~{digest}"


@dataclass(frozen=True, slots=True, eq=False)
class TableCatalogue:
    """A catalogue of given tables: satisfies adql.catalogue.Catalogue. Equal to itself alone, so
    that what was found out about one can be kept."""

    items: tuple[Table, ...] = field(default=())

    def tables(self) -> Iterable[Table]:
        """Every table users may query."""
        return self.items


def plain_name(name: str) -> str:
    """A name of TAP_SCHEMA without the quotes that mark it as delimited (TAP 1.1 §4.3)."""
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        return name[1:-1].replace('""', '"')
    return name


def _column(row: Record) -> Column:
    name = plain_name(row["column_name"])
    meta = ColumnMeta(
        name=name,
        datatype=row["datatype"],
        arraysize=row["arraysize"],
        xtype=row["xtype"],
        unit=row["unit"],
        ucd=row["ucd"],
        utype=row["utype"],
        description=row["description"],
    )
    return Column(
        meta=meta,
        sql_name=quoted(physical_name(name)),
        sql_type=sql_type(meta.datatype, meta.arraysize, meta.xtype),
        indexed=bool(row["indexed"]),
        principal=bool(row["principal"]),
        delimited=name != row["column_name"],
    )


def _optional(name: str | None) -> str | None:
    return None if name is None else quoted(name)


def _grouped(rows: Sequence[Record]) -> Mapping[str, list[Record]]:
    groups: dict[str, list[Record]] = defaultdict(list)
    for row in rows:
        groups[row["table_name"]].append(row)
    return groups


def _table(row: Record, columns: list[Record], sky: list[Record], areas: list[Record]) -> Table:
    schema = plain_name(row["schema_name"])
    name = plain_name(row["table_name"].removeprefix(row["schema_name"] + "."))
    return Table(
        schema=schema,
        name=name,
        sql_name=f"{quoted(schema)}.{quoted(physical_name(name))}",
        columns=tuple(_column(c) for c in columns),
        positions=tuple(
            SkyPosition(
                ra=s["ra"],
                dec=s["dec"],
                hpx=_optional(s["hpx"]),
                hcell=_optional(s["hcell"]),
                x=_optional(s["x"]),
                y=_optional(s["y"]),
                z=_optional(s["z"]),
                zones=s["zones"],
            )
            for s in sky
        ),
        regions=tuple(
            SkyRegion(
                region=a["region"], vertices=_optional(a["vertices"]), box=_optional(a["box"])
            )
            for a in areas
        ),
        description=row["description"],
    )


async def load_catalogue(connection: "Connection[Record]") -> TableCatalogue:
    """Read the whole catalogue: four small queries, by a connection that may read `archive`."""
    tables = await connection.fetch(
        "SELECT schema_name, table_name, tables.description FROM tap_schema.tables "
        "JOIN tap_schema.schemas USING (schema_name) "
        "ORDER BY schema_index, schema_name, table_index, table_name"
    )
    columns = _grouped(
        await connection.fetch(
            "SELECT * FROM tap_schema.columns ORDER BY table_name, column_index, column_name"
        )
    )
    sky = _grouped(await connection.fetch("SELECT * FROM archive.sky_position"))
    areas = _grouped(await connection.fetch("SELECT * FROM archive.sky_region"))
    return TableCatalogue(
        tuple(
            _table(
                row,
                columns.get(row["table_name"], []),
                sky.get(row["table_name"], []),
                areas.get(row["table_name"], []),
            )
            for row in tables
        )
    )
