"""What a column of a table or of a result says about itself, in VOTable's words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ColumnMeta:
    """Metadata that a column keeps from the catalogue to the FIELD of a result.

    datatype, arraysize and xtype are VOTable's ("double", "*", "adql:REGION"); unit is a VOUnit.
    `frame` is the reference frame of a geometry that was turned out of ICRS, by the name it has in
    http://www.ivoa.net/rdf/refframe.
    """

    name: str
    datatype: str
    arraysize: str | None = None
    xtype: str | None = None
    unit: str | None = None
    ucd: str | None = None
    utype: str | None = None
    description: str | None = None
    frame: str | None = None


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One column of a translated query.

    `sql_name` is its name in the SQL (c1, c2, ...): no user identifier reaches SQL.
    `sql_type` is the PostgreSQL type of the value ("double precision", "text", ...).
    """

    meta: ColumnMeta
    sql_name: str
    sql_type: str
