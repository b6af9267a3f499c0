"""Text as values: numbers, booleans, moments and arrays written out, as Arrow arrays.

Every function takes a column of strings, with what stands for a missing value as null already, and
raises BadText with the first row that cannot be read.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

_TRUE = pa.array(["T", "t", "1", "true", "TRUE", "True"])
_FALSE = pa.array(["F", "f", "0", "false", "FALSE", "False"])
_UNKNOWN = pa.array(["?", ""])
_INTEGERS = {pa.uint8(), pa.int16(), pa.int32(), pa.int64()}


class BadText(Exception):
    """A text that is no value of its column's type. `row` counts from 0."""

    def __init__(self, row: int, text: str, wanted: str) -> None:
        super().__init__(f"{text[:60]!r} is no {wanted}")
        self.row = row


def numbers(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Numbers of an Arrow type; signs, blanks around, NaN, Inf and 0x1F are understood.

    NaN becomes null.
    """
    trimmed = _without_blanks(texts)
    try:
        found = trimmed.cast(kind)
    except pa.ArrowInvalid:
        found = _cast_or_complain(_plain_numbers(trimmed, kind), kind, "number")
    return nan_as_null(found)


def nan_as_null(array: pa.Array) -> pa.Array:
    """The array with NaN as null."""
    if not pa.types.is_floating(array.type):
        return array
    isnan = pc.is_nan(array)
    if not pc.any(isnan).as_py():
        return array
    return pc.if_else(isnan, pa.scalar(None, array.type), array)


def _plain_numbers(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    texts = pc.replace_substring_regex(texts, r"^\+", "")
    if kind in _INTEGERS:
        hexadecimal = pc.match_substring_regex(texts, "^0[xX][0-9a-fA-F]+$")
        if pc.any(hexadecimal).as_py():
            listed = texts.to_pylist()
            texts = pa.array(
                [str(int(t, 16)) if t and t[:2] in ("0x", "0X") else t for t in listed],
                pa.string(),
            )
    return texts


def booleans(texts: pa.Array) -> pa.Array:
    """Booleans by VOTable's letters (VOTable 1.4 §6); ? and nothing are null."""
    trimmed = pc.utf8_trim_whitespace(texts)
    true, false = pc.is_in(trimmed, _TRUE), pc.is_in(trimmed, _FALSE)
    unknown = pc.or_(pc.is_null(trimmed), pc.is_in(trimmed, _UNKNOWN))
    wrong = pc.invert(pc.or_(unknown, pc.or_(true, false)))
    if pc.any(wrong).as_py():
        row = pc.index(wrong, True).as_py()
        raise BadText(row, trimmed[row].as_py(), "boolean")
    return pc.if_else(unknown, pa.scalar(None, pa.bool_()), true)


def moments(texts: pa.Array) -> pa.Array:
    """Moments in microseconds of UTC from ISO 8601 text (DALI 1.1 §3.3.3); digits beyond are cut.

    A text that ends in Z means the same without it.
    """
    trimmed = _without_blanks(texts)
    plain = pc.utf8_rtrim(trimmed, characters="Z")
    plain = pc.replace_substring_regex(plain, r"(\.\d{6})\d+$", r"\1")
    plain = pc.replace_substring_regex(plain, r"\.$", "")
    return _cast_or_complain(plain, pa.timestamp("us"), "moment such as 2026-01-31T12:00:00")


def lists(texts: pa.Array, element: pa.DataType, missing: int | None = None) -> pa.Array:
    """Arrays with their elements apart by blanks; null where there is nothing at all."""
    trimmed = _without_blanks(texts)
    split = pc.utf8_split_whitespace(trimmed)
    items = split.flatten()
    try:
        values = booleans(items) if element == pa.bool_() else items.cast(element)
    except (pa.ArrowInvalid, BadText):
        values = _elements_or_complain(split, element)
    if missing is not None:
        values = pc.if_else(pc.equal(values, missing), pa.scalar(None, element), values)
    counts = pc.fill_null(pc.list_value_length(split), 0)
    ends = pc.cumulative_sum(counts)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends.cast(pa.int32())])
    return pa.ListArray.from_arrays(offsets, values, mask=pc.is_null(split))


def _elements_or_complain(split: pa.Array, element: pa.DataType) -> pa.Array:
    """The elements in their less usual forms; BadText names the list's row."""
    found = []
    for row, items in enumerate(split):
        if not items.is_valid:
            continue
        try:
            values = pa.array(items.as_py(), pa.string())
            if element == pa.bool_():
                found.append(booleans(values))
            else:
                found.append(_cast_or_complain(_plain_numbers(values, element), element, "number"))
        except BadText as error:
            error.row = row
            raise
    return pa.concat_arrays(found)


def _without_blanks(texts: pa.Array) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _cast_or_complain(texts: pa.Array, kind: pa.DataType, wanted: str) -> pa.Array:
    try:
        return texts.cast(kind)
    except pa.ArrowInvalid:
        row = _first_bad(texts, kind)
    text = texts[row].as_py()
    if kind in _INTEGERS and re.fullmatch(r"-?\d+", text):
        raise BadText(row, text, f"integer that fits into {kind}")
    raise BadText(row, text, wanted)


def _first_bad(texts: pa.Array, kind: pa.DataType) -> int:
    """The first row that cannot be cast, by halving."""
    low, high = 0, len(texts)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            texts.slice(low, middle - low).cast(kind)
            low = middle
        except pa.ArrowInvalid:
            high = middle
    return low
