"""ECSV: a YAML header that says everything of the columns, then rows as in CSV (APE 6)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from astropy.table import meta as astropy_meta

from adql.columns import ColumnMeta
from service.tables.opening import open_bytes
from service.tables.readers.separated import texts, typed
from service.tables.table import Place, TableHead, arrow_type, is_array
from service.tables.text_values import BadText, booleans, numbers

_DATATYPES = {
    "bool": "boolean",
    "int8": "short",
    "int16": "short",
    "int32": "int",
    "int64": "long",
    "uint8": "unsignedByte",
    "uint16": "int",
    "uint32": "long",
    "uint64": "long",
    "float16": "float",
    "float32": "float",
    "float64": "double",
    "float128": "double",
    "string": "char",
}


class ECSVTable:
    """An open ECSV file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.notes: list[str] = []
        lines, self._skipped = self._header_lines()
        try:
            header: dict[str, Any] = astropy_meta.get_header_from_yaml(lines)
            described = header["datatype"]
        except (astropy_meta.YamlParseError, KeyError, TypeError, ValueError) as error:
            raise Place(path).error(f"its header is no ECSV header: {error}") from None
        self._delimiter = header.get("delimiter", " ")
        said = header.get("meta") or {}
        self.head = TableHead(
            columns=tuple(_meta(column, path) for column in described),
            title=_said(said, "title", "name"),
            description=_said(said, "description", "comments"),
        )

    def _header_lines(self) -> tuple[list[str], int]:
        """The YAML of the header, and the lines before the first row."""
        lines: list[str] = []
        skipped = 0
        with open_bytes(self._path) as file:
            for raw in file:
                skipped += 1
                line = raw.decode("utf-8", "replace")
                if not line.startswith("#"):
                    break
                lines.append(line[1:].removeprefix(" ").rstrip("\r\n"))
        return lines[1:], skipped

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows."""
        first = 0
        metas = self.head.columns
        with open_bytes(self._path) as file:
            for batch in texts(
                file, self._path, self._delimiter, len(metas), skip_rows=self._skipped
            ):
                arrays = [
                    _values(array, meta, Place(self._path, first, meta.name))
                    for array, meta in zip(batch.columns, metas, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(arrays, [str(i) for i in range(len(arrays))])
                first += batch.num_rows


def _said(said: Any, *keys: str) -> str | None:
    for key in keys:
        value = said.get(key) if isinstance(said, dict) else None
        if isinstance(value, list):
            value = "\n".join(map(str, value))
        if value:
            return str(value)
    return None


def _meta(column: dict[str, Any], path: Path) -> ColumnMeta:
    name = str(column["name"])
    datatype = str(column.get("datatype", "string"))
    subtype = column.get("subtype")
    arraysize = None
    if subtype is not None:
        datatype, arraysize = _subtype(str(subtype))
    if datatype not in _DATATYPES:
        raise Place(path, None, name).error(
            f"values of the type {subtype or datatype} have no place in a table of TAP; "
            "leave the column out: skip = true in the metadata file"
        )
    said = column.get("meta") or {}
    found = _DATATYPES[datatype]
    return ColumnMeta(
        name=name,
        datatype=found,
        arraysize="*" if found == "char" else arraysize,
        xtype=_said(said, "xtype"),
        unit=column.get("unit"),
        ucd=_said(said, "ucd"),
        utype=_said(said, "utype"),
        description=column.get("description"),
    )


def _subtype(subtype: str) -> tuple[str, str | None]:
    """`float64[2,null]` is an array of any number of pairs: VOTable's axes run the other way."""
    kind, _, axes = subtype.rstrip("]").partition("[")
    if not axes:
        return kind, None
    sizes = ["*" if axis.strip() == "null" else axis.strip() for axis in axes.split(",")]
    if "*" in sizes[1:]:
        return kind, "*"
    return kind, "x".join(reversed(sizes))


def _values(array: pa.Array, meta: ColumnMeta, before: Place) -> pa.Array:
    if not is_array(meta):
        return typed(array, meta, before)
    kind = arrow_type(meta).value_type
    found = []
    for row, text in enumerate(array.to_pylist(), start=1):
        try:
            found.append(None if text is None else _flat(json.loads(text), kind))
        except (ValueError, TypeError, BadText):
            raise before.after(row).error(f"{str(text)[:60]!r} is no JSON array") from None
    return pa.array(found, pa.list_(kind))


def _flat(value: Any, kind: pa.DataType) -> list[Any]:
    if isinstance(value, list):
        return [item for inner in value for item in _flat(inner, kind)]
    if isinstance(value, str):
        words = pa.array([value])
        read = booleans(words) if kind == pa.bool_() else numbers(words, kind)
        return [read[0].as_py()]
    return [value]
