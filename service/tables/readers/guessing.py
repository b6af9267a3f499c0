"""The type of a column of text, from all of its values."""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from adql.columns import ColumnMeta
from service.tables import text_values

_INT = range(-(2**31), 2**31)
_ZERO_PADDED = "^[-+]?0[0-9]"
_MOMENT = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d*)?)?Z?)?$"
_WORDS = "^(T|F|t|f|true|false|True|False|TRUE|FALSE)$"


@dataclass(slots=True)
class Guess:
    """What all values seen so far may be; text when nothing else is left.

    Numbers with a leading zero (00123) are names, and stay text.
    """

    rows: int = 0
    _possible: list[str] = field(default_factory=lambda: ["boolean", "long", "double", "timestamp"])
    _seen: bool = False
    _low: int = 0
    _high: int = 0

    def see(self, known: pa.Array, written: pa.Array) -> None:
        """Some values: `known` without the words for a missing one, `written` as in the file."""
        self.rows += len(written)
        if known.null_count == len(known):
            return
        self._seen = True
        self._possible = [kind for kind in self._possible if self._fits(kind, known)]

    def _fits(self, kind: str, texts: pa.Array) -> bool:
        if kind == "boolean":
            return _all_match(texts, _WORDS)
        if kind == "timestamp" and not _all_match(texts, _MOMENT):
            return False
        try:
            if kind == "timestamp":
                text_values.moments(texts)
                return True
            wanted = pa.int64() if kind == "long" else pa.float64()
            values = text_values.numbers(texts, wanted)
        except text_values.BadText:
            return False
        if pc.any(pc.match_substring_regex(texts, _ZERO_PADDED)).as_py():
            return False
        if kind == "long":
            bounds = pc.min_max(values).as_py()
            self._low = min(self._low, bounds["min"])
            self._high = max(self._high, bounds["max"])
        return True

    def meta(self, name: str) -> ColumnMeta:
        """The column with the narrowest type that holds every value."""
        kind = self._possible[0] if self._possible and self._seen else "char"
        if kind == "long" and self._low in _INT and self._high in _INT:
            kind = "int"
        if kind == "timestamp":
            return ColumnMeta(name, "char", "*", "timestamp")
        return ColumnMeta(name, kind, "*" if kind == "char" else None)


def _all_match(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())
