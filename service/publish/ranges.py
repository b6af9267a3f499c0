"""What the values of a column range over, noted while they pass by."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(slots=True)
class Range:
    """The lowest and highest value (numbers and moments alone), missing values, non-ASCII text."""

    lowest: Any = None
    highest: Any = None
    missing: int = 0
    ascii: bool = True

    def see(self, array: pa.Array) -> None:
        """Some more values."""
        self.missing += array.null_count
        kind = array.type
        if pa.types.is_string(kind):
            self.ascii = self.ascii and bool(pc.all(pc.string_is_ascii(array)).as_py() is not False)
        elif not pa.types.is_list(kind) and not pa.types.is_boolean(kind):
            found = pc.min_max(array).as_py()
            if found["min"] is not None:
                low, high = found["min"], found["max"]
                self.lowest = low if self.lowest is None else min(self.lowest, low)
                self.highest = high if self.highest is None else max(self.highest, high)

    def as_json(self) -> dict[str, Any]:
        """For archive.published: moments as ISO 8601, infinite numbers as text."""
        return {
            "lowest": _plain(self.lowest),
            "highest": _plain(self.highest),
            "missing": self.missing,
        }


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return str(value)
    return value
