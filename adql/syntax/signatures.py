"""The functions of the language: how many arguments, of which kind, giving what.

Kinds are those the grammar tells apart (ADQL 2.1 Appendix A): number, text, geometry; "point" is
a geometry that no literal can be; "any" is what may be each of them until its type is known.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "text", "geometry", "point", "any"]


@dataclass(frozen=True, slots=True)
class Signature:
    """Kinds of the arguments of each allowed form, and of the result."""

    forms: tuple[tuple[Kind, ...], ...]
    result: Kind
    optional_frame: bool = False
    repeats: bool = False

    def written(self, name: str) -> str:
        """The forms of a call, by the kinds of its arguments."""
        more = ", ..." if self.repeats else ""
        calls = [f"{name}({', '.join(form)}{more})" for form in self.forms]
        return " or ".join(calls)


_NUMBER: tuple[Kind, ...] = ("number",)
_TWO: tuple[Kind, ...] = ("number", "number")
_GEOMETRY: tuple[Kind, ...] = ("geometry",)

SIGNATURES: dict[str, Signature] = {
    **dict.fromkeys(
        [
            "ABS",
            "ACOS",
            "ASIN",
            "ATAN",
            "CEILING",
            "COS",
            "COT",
            "DEGREES",
            "EXP",
            "FLOOR",
            "LOG",
            "LOG10",
            "RADIANS",
            "SIN",
            "SQRT",
            "TAN",
        ],
        Signature((_NUMBER,), "number"),
    ),
    **dict.fromkeys(["ATAN2", "MOD", "POWER"], Signature((_TWO,), "number")),
    **dict.fromkeys(("ROUND", "TRUNCATE"), Signature((_NUMBER, _TWO), "number")),
    "PI": Signature(((),), "number"),
    "RAND": Signature(((), _NUMBER), "number"),
    "LOWER": Signature((("text",),), "text"),
    "UPPER": Signature((("text",),), "text"),
    "COALESCE": Signature((("any",),), "any", repeats=True),
    "IN_UNIT": Signature((("number", "text"),), "number"),
    "POINT": Signature((_TWO,), "geometry", optional_frame=True),
    "CIRCLE": Signature((("number",) * 3, ("point", "number")), "geometry", True),
    "BOX": Signature((("number",) * 4, ("point", "number", "number")), "geometry", True),
    "POLYGON": Signature((("number",) * 6, ("point",) * 3), "geometry", True, True),
    "REGION": Signature((("text",),), "geometry"),
    "AREA": Signature((_GEOMETRY,), "number"),
    "CENTROID": Signature((_GEOMETRY,), "geometry"),
    "COORD1": Signature((("point",),), "number"),
    "COORD2": Signature((("point",),), "number"),
    "COORDSYS": Signature((_GEOMETRY,), "text"),
    "CONTAINS": Signature((("geometry", "geometry"),), "number"),
    "INTERSECTS": Signature((("geometry", "geometry"),), "number"),
    "DISTANCE": Signature((("point", "point"), ("number",) * 4), "number"),
}
