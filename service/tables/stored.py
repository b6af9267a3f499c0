"""A reader's values as PostgreSQL will store them."""

from math import prod

import pyarrow as pa
import pyarrow.compute as pc

from adql.columns import ColumnMeta
from service.tables import text_values
from service.tables.table import arrow_type, is_array, is_moment, is_text


def stored_values(array: pa.Array, meta: ColumnMeta) -> pa.Array:
    """Values of a batch in the Arrow type of their column. Raises BadText with the row."""
    if is_moment(meta) and pa.types.is_string(array.type):
        return text_values.moments(array)
    if is_text(meta) and pa.types.is_timestamp(array.type):
        array = pc.strftime(array, "%Y-%m-%dT%H:%M:%S")
    wanted = arrow_type(meta)
    return _checked(array if array.type == wanted else array.cast(wanted), meta)


def _checked(array: pa.Array, meta: ColumnMeta) -> pa.Array:
    """Fixed arrays have the size they say; text holds no NUL, which PostgreSQL cannot store."""
    if is_text(meta) and not is_moment(meta):
        nul = pc.match_substring(array, "\0")
        if pc.any(nul).as_py():
            raise text_values.BadText(pc.index(nul, True).as_py(), "\\0", "text that can be stored")
    size = meta.arraysize
    if is_array(meta) and size is not None and "*" not in size:
        items = prod(int(axis) for axis in size.split("x"))
        wrong = pc.not_equal(pc.list_value_length(array), items)
        if pc.any(wrong).as_py():
            row = pc.index(wrong, True).as_py()
            found = f"array of {len(array[row])} elements"
            raise text_values.BadText(row, found, f"array of {items}")
    return array
