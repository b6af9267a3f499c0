"""TABLEDATA's cells as Arrow arrays (VOTable 1.4 §5.1). An empty cell is NULL."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from service.tables import text_values
from service.tables.big_endian import empty_as_null
from service.tables.readers.votable_fields import Field
from service.tables.table import Place, arrow_type


def text_batch(
    cells: Sequence[str], fields: Sequence[Field], path: Path, first: int
) -> pa.RecordBatch:
    """Rows from their cells, one row after the other; `first` rows came before them."""
    arrays = []
    for index, field in enumerate(fields):
        texts = pa.array(cells[index :: len(fields)], pa.string())
        try:
            arrays.append(_array(texts, field))
        except text_values.BadText as error:
            place = Place(path, first + error.row + 1, field.meta.name)
            raise place.error(f"{error} ({field.datatype})") from None
    return pa.RecordBatch.from_arrays(arrays, [str(i) for i in range(len(fields))])


def _array(texts: pa.Array, field: Field) -> pa.Array:
    texts = empty_as_null(texts)
    if field.is_text:
        return texts
    kind = arrow_type(field.meta)
    if pa.types.is_list(kind):
        if field.datatype == "bit":
            texts = pc.replace_substring_regex(texts, r"([01])\s*", r"\1 ")
        return text_values.lists(texts, kind.value_type, field.null)
    if kind == pa.bool_():
        return text_values.booleans(texts)
    values = text_values.numbers(texts, kind)
    if field.null is not None:
        return pc.if_else(pc.equal(values, field.null), pa.scalar(None, kind), values)
    return values
