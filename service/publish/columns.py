"""What becomes of each column of a file: its names here, its type, its values."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from adql.columns import ColumnMeta
from schema.catalogue import physical_name, sql_type
from service.publish.metadata import ColumnWords, Metadata
from service.publish.units import factor, vounit
from service.tables import text_values
from service.tables.names import columns_as_written
from service.tables.stored import stored_values
from service.tables.table import Place, TableHead, is_array, is_moment, is_text


@dataclass(frozen=True, slots=True)
class PublishedColumn:
    """A column as it will be: `source` is its index in the file's batches, `key` its name there.

    `written` is its name as queries write it; values are multiplied by `factor`.
    """

    key: str
    source: int
    meta: ColumnMeta
    written: str
    physical: str
    sql_type: str
    words: ColumnWords
    factor: float | None = None

    def values(self, array: pa.Array, before: Place) -> pa.Array:
        """The file's values as stored ones. Raises TableError with the row."""
        try:
            if self.factor is not None:
                array = pc.multiply(array.cast(pa.float64()), self.factor)
            return stored_values(array, self.meta)
        except text_values.BadText as error:
            remedy = (
                'correct it, or say xtype = "" for the column in the metadata file'
                if is_moment(self.meta)
                else "correct it"
            )
            raise before.after(error.row + 1).error(f"{error}; {remedy}") from None


def column_keys(head: TableHead) -> list[str]:
    """A name for each column of a file, by which the metadata file calls it.

    The second column of the same name is called NAME#2, and so on.
    """
    seen: Counter[str] = Counter()
    keys = []
    for column in head.columns:
        seen[column.name] += 1
        count = seen[column.name]
        keys.append(column.name if count == 1 else f"{column.name}#{count}")
    return keys


def published_columns(
    head: TableHead, metadata: Metadata, place: Place
) -> tuple[PublishedColumn, ...]:
    """The columns that the file and its metadata make. TableError where they cannot be."""
    keys = column_keys(head)
    metadata.check_columns(keys)
    kept = [
        (key, index, metadata.words.columns.get(key, ColumnWords()))
        for index, key in enumerate(keys)
        if not metadata.words.columns.get(key, ColumnWords()).skip
    ]
    metas = [_meta(head.columns[index], key, words, metadata) for key, index, words in kept]
    _check_names([key for key, _, _ in kept], metas, place)
    written = columns_as_written([meta.name for meta in metas])
    return tuple(
        PublishedColumn(
            key=key,
            source=index,
            meta=meta,
            written=name,
            physical=physical_name(meta.name),
            sql_type=sql_type(meta.datatype, meta.arraysize, meta.xtype),
            words=words,
            factor=_factor(head.columns[index], key, words, metadata),
        )
        for (key, index, words), meta, name in zip(kept, metas, written, strict=True)
    )


def _meta(said: ColumnMeta, key: str, words: ColumnWords, metadata: Metadata) -> ColumnMeta:
    """The file's words with the publisher's over them."""

    def chosen(name: str) -> str | None:
        stated = getattr(words, name)
        found = getattr(said, name) if stated is None else stated
        return found or None

    datatype = said.datatype
    if words.datatype is not None and words.datatype != datatype:
        if not (is_text(said) and words.datatype in ("char", "unicodeChar")):
            raise metadata.error(
                f"the file says that {key!r} is {said.datatype}; only columns of a CSV file take "
                "another datatype",
                "columns",
                key,
                "datatype",
            )
        datatype = words.datatype
    found = replace(
        said,
        name=(words.name or said.name).strip(),
        datatype=datatype,
        description=" ".join((chosen("description") or "").split()) or None,
        unit=vounit(words.convert or chosen("unit")),
        ucd=chosen("ucd"),
        utype=chosen("utype"),
        xtype=chosen("xtype"),
    )
    if found.xtype == "timestamp" and not is_text(found):
        found = replace(found, xtype=None)
    if words.convert is not None and not is_array(found):
        return replace(found, datatype="double")
    return found


def _factor(said: ColumnMeta, key: str, words: ColumnWords, metadata: Metadata) -> float | None:
    if words.convert is None:
        return None
    unit = words.unit or said.unit
    found = factor(unit, words.convert)
    if found is None or is_text(said) or is_array(said):
        raise metadata.error(
            f"{key!r} cannot be converted from {unit or 'no unit'} to {words.convert}; "
            "convert takes a unit that measures the same, for a column of single numbers",
            "columns",
            key,
            "convert",
        )
    return found


def _check_names(keys: Sequence[str], metas: Sequence[ColumnMeta], place: Place) -> None:
    if not metas:
        raise place.error("no column is left to publish")
    first: dict[str, str] = {}
    for number, (key, meta) in enumerate(zip(keys, metas, strict=True), start=1):
        if not meta.name or "\0" in meta.name:
            raise place.error(
                f'column {number} has no name; give one: [columns."{key}"] name = "..."'
            )
        if meta.name in first:
            raise place.error(
                f"two columns are named {meta.name!r}; rename the second in the metadata file: "
                f'[columns."{key}"] name = "..."'
            )
        first[meta.name] = key
