"""The tables of the archive as VODataService describes them, equal to TAP_SCHEMA (VOSI 1.1 §5).

Written with lxml: the models of vo-models escape descriptions twice and quote column names by a
list of reserved words of their own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree
from sqlalchemy import RowMapping, Table, select
from sqlalchemy.ext.asyncio import AsyncEngine

from schema.tables.published import published
from schema.tables.tap_schema import (
    tap_columns,
    tap_key_columns,
    tap_keys,
    tap_schemas,
    tap_tables,
)
from service.errors import NotFound

_VOSI = "http://www.ivoa.net/xml/VOSITables/v1.0"
_VS = "http://www.ivoa.net/xml/VODataService/v1.1"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_ESA = "http://esa.int/xml/EsaTapPlus"
_NAMESPACES = {"vosi": _VOSI, "vs": _VS, "xsi": _XSI}
_FLAGS = ("indexed", "principal", "std")

Rows = Sequence[RowMapping]
_Grouped = Mapping[str, list[RowMapping]]


@dataclass(frozen=True, slots=True)
class TapSchema:
    """The rows of TAP_SCHEMA, in the order in which to show them, and what publishing noted."""

    schemas: Rows
    tables: Rows
    columns: Rows
    keys: Rows
    key_columns: Rows
    published: Rows


async def read_tap_schema(engine: AsyncEngine) -> TapSchema:
    """All of TAP_SCHEMA, in one transaction."""
    async with engine.connect() as connection:

        async def rows(table: Table, *order: str) -> Rows:
            query = select(table).order_by(*(table.c[name] for name in order))
            return (await connection.execute(query)).mappings().all()

        return TapSchema(
            schemas=await rows(tap_schemas, "schema_index", "schema_name"),
            tables=await rows(tap_tables, "table_index", "table_name"),
            columns=await rows(tap_columns, "column_index", "column_name"),
            keys=await rows(tap_keys, "key_id"),
            key_columns=await rows(tap_key_columns, "key_id", "from_column"),
            published=await rows(published, "table_name"),
        )


def tableset_document(content: TapSchema, *, columns: bool, esa: bool = False) -> bytes:
    """Every schema and table; with their columns and keys where asked (detail=max).

    With `esa`, columns carry an attribute of ESA's without which astroquery's TapPlus reads no
    tables, and which the schema of VODataService does not allow.
    """
    names = _NAMESPACES | ({"esatapplus": _ESA} if esa else {})
    root = etree.Element(f"{{{_VOSI}}}tableset", nsmap=names)
    tables = _by(content.tables, "schema_name")
    noted = {row["table_name"]: row for row in content.published}
    details = _Details(content) if columns else None
    for schema in content.schemas:
        element = etree.SubElement(root, "schema")
        _texts(element, name=schema["schema_name"])
        _texts(element, description=schema["description"], utype=schema["utype"])
        for table in tables[schema["schema_name"]]:
            note = noted.get(table["table_name"])
            _describe(etree.SubElement(element, "table"), table, note, details)
    if esa:
        for column in root.iter("column"):
            column.set(f"{{{_ESA}}}flags", "0")
    return _bytes(root)


def table_document(content: TapSchema, name: str) -> bytes:
    """One table with its columns and keys; NotFound where there is none of that name."""
    for table in content.tables:
        if table["table_name"].lower() == name.lower():
            root = etree.Element(f"{{{_VOSI}}}table", nsmap=_NAMESPACES)
            notes = (row for row in content.published if row["table_name"] == table["table_name"])
            _describe(root, table, next(notes, None), _Details(content))
            return _bytes(root)
    raise NotFound(f"there is no table {name[:100]!r}; /tap/tables lists them")


class _Details:
    """Columns and keys, by the table they belong to."""

    def __init__(self, content: TapSchema) -> None:
        self.columns = _by(content.columns, "table_name")
        self.keys = _by(content.keys, "from_table")
        self.key_columns = _by(content.key_columns, "key_id")


def _by(rows: Iterable[RowMapping], name: str) -> _Grouped:
    groups: dict[str, list[RowMapping]] = defaultdict(list)
    for row in rows:
        groups[row[name]].append(row)
    return groups


def _describe(
    element: etree._Element,
    table: RowMapping,
    note: RowMapping | None,
    details: _Details | None,
) -> None:
    """Name, title, description, utype, nrows (VODataService 1.2 §3.3), then columns and keys."""
    element.set("type", table["table_type"])
    _texts(element, name=table["table_name"], title=note and note["title"])
    _texts(element, description=table["description"], utype=table["utype"])
    _texts(element, nrows=note and str(note["rows"]))
    if details is None:
        return
    for column in details.columns[table["table_name"]]:
        _column(element, column)
    for key in details.keys[table["table_name"]]:
        _key(element, key, details.key_columns[key["key_id"]])


def _column(table: etree._Element, column: RowMapping) -> None:
    element = etree.SubElement(table, "column")
    _texts(
        element,
        name=column["column_name"],
        description=column["description"],
        unit=column["unit"],
        ucd=column["ucd"],
        utype=column["utype"],
    )
    datatype = etree.SubElement(element, "dataType")
    datatype.set(f"{{{_XSI}}}type", "vs:VOTableType")
    datatype.text = column["datatype"]
    for name, attribute in (("arraysize", "arraysize"), ("xtype", "extendedType")):
        if column[name] is not None:
            datatype.set(attribute, column[name])
    for flag in _FLAGS:
        if column[flag]:
            etree.SubElement(element, "flag").text = flag


def _key(table: etree._Element, key: RowMapping, pairs: list[RowMapping]) -> None:
    element = etree.SubElement(table, "foreignKey")
    _texts(element, targetTable=key["target_table"])
    for pair in pairs:
        columns = etree.SubElement(element, "fkColumn")
        _texts(columns, fromColumn=pair["from_column"], targetColumn=pair["target_column"])
    _texts(element, description=key["description"], utype=key["utype"])


def _texts(parent: etree._Element, **texts: Any) -> None:
    """Child elements with text, those that are not NULL."""
    for name, text in texts.items():
        if text is not None:
            etree.SubElement(parent, name).text = text


def _bytes(root: etree._Element) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="utf-8")
