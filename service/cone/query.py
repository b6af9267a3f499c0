"""A cone search as a query in ADQL: the same conditions, and so the same indexes, as those of TAP.

The answer has exactly one FIELD with each of the UCDs that SCS 1.03 §2.2 demands, of the first
version of UCDs, in the types that it demands; all others keep theirs.
"""

from dataclasses import replace

import adql
from adql.catalogue import Catalogue, Column
from adql.quoting import identifier, number
from adql.translation import Translation
from service.cone.request import ConeRequest, Verbosity
from service.cone.tables import ConeTable

ID_UCD, RA_UCD, DEC_UCD = "ID_MAIN", "POS_EQ_RA_MAIN", "POS_EQ_DEC_MAIN"

_MADE_NAME = "position_id"
_MADE_DESCRIPTION = "The row by its position: the table has no column that names its rows"


def cone_query(cone: ConeTable, request: ConeRequest, catalogue: Catalogue) -> Translation:
    """The rows within the circle; none for a radius of 0, which asks what there would be."""
    columns = _columns(cone, request.verbosity)
    selected = [_expression(cone, column) for column in columns]
    if cone.identifier is None:
        selected.append(_made_identifier(cone))
    table = f"{identifier(cone.table.schema)}.{identifier(cone.table.name)}"
    position = f"POINT({_name(cone.ra)}, {_name(cone.dec)})"
    numbers = map(number, (request.ra, request.dec, request.radius))
    condition = f"1 = CONTAINS({position}, CIRCLE({', '.join(numbers)}))"
    if request.radius == 0:
        condition = "1 = 0"
    text = f"SELECT {', '.join(selected)} FROM {table} WHERE {condition}"  # noqa: S608
    return _with_ucds(adql.translate(text, catalogue), cone)


def _columns(cone: ConeTable, verbosity: Verbosity) -> list[Column]:
    """VERB 1: what the standard demands. 2: the principal columns too, all where none is marked.
    3: all."""
    needed = [column for column in (cone.identifier, cone.ra, cone.dec) if column is not None]
    if verbosity == 1:
        return needed
    everything = list(cone.table.columns)
    some = any(column.principal for column in everything)
    if verbosity == 3 or not some:
        return everything
    return [column for column in everything if column.principal or column in needed]


def _name(column: Column) -> str:
    return identifier(column.meta.name)


def _expression(cone: ConeTable, column: Column) -> str:
    name = _name(column)
    if column is cone.identifier and column.sql_type != "text":
        return f"CAST({name} AS VARCHAR) AS {name}"
    if column in (cone.ra, cone.dec) and column.sql_type != "double precision":
        return f"CAST({name} AS DOUBLE PRECISION) AS {name}"
    return name


def _made_identifier(cone: ConeTable) -> str:
    ra, dec = (f"CAST({_name(column)} AS VARCHAR)" for column in (cone.ra, cone.dec))
    return f"{ra} || ' ' || {dec} AS {identifier(_made_name(cone))}"


def _made_name(cone: ConeTable) -> str:
    taken = {column.meta.name for column in cone.table.columns}
    name = _MADE_NAME
    while name in taken:
        name = f"_{name}"
    return name


def _with_ucds(query: Translation, cone: ConeTable) -> Translation:
    roles = {cone.ra.meta.name: RA_UCD, cone.dec.meta.name: DEC_UCD}
    described = {column.meta.name: column.meta.description for column in cone.table.columns}
    if cone.identifier is None:
        roles[_made_name(cone)] = ID_UCD
        described[_made_name(cone)] = _MADE_DESCRIPTION
    else:
        roles[cone.identifier.meta.name] = ID_UCD
    reserved = {ID_UCD, RA_UCD, DEC_UCD}
    columns = []
    for column in query.columns:
        meta = column.meta
        ucd = roles.get(meta.name, None if (meta.ucd or "").upper() in reserved else meta.ucd)
        unit = "deg" if ucd in (RA_UCD, DEC_UCD) else meta.unit
        description = meta.description or described[meta.name]
        meta = replace(meta, ucd=ucd, unit=unit, description=description)
        columns.append(replace(column, meta=meta))
    return replace(query, columns=tuple(columns))
