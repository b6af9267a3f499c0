"""Regions as text: STC-S, and shapes as DALI writes them.

    POLYGON ICRS GEOCENTER 10 10 20 10 20 20       one shape; frame and reference position optional
    circle 10 10 1 circle 11 10 1                  several in a row: their union
    Union ICRS (Circle 10 10 1 Box 15 15 2 3)      STC-S's own union

The function starhaul.region of the database reads the same texts in ICRS for columns.
"""

import re
from collections.abc import Callable

from adql.sky import shapes
from adql.sky.shapes import Geometry, Shape

_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[-+]?[0-9][0-9]?)?", re.IGNORECASE)
_TOO_LONG = re.compile(r"[0-9.]{150}")
_FRAMES = {
    "ICRS": "ICRS", "FK5": "ICRS", "J2000": "ICRS", "UNKNOWNFRAME": "ICRS",
    "FK4": "FK4", "B1950": "FK4", "ECLIPTIC": "ECLIPTIC", "GALACTIC": "GALACTIC",
    "GALACTIC_II": "GALACTIC", "SUPER_GALACTIC": "SUPER_GALACTIC",
    "SUPERGALACTIC": "SUPER_GALACTIC", "GALACTIC_I": "GALACTIC_I", "GEO_C": "GEO_C",
    "GEO_D": "GEO_D",
}  # fmt: skip
_PLACES_AND_FLAVOURS = """
GEOCENTER BARYCENTER HELIOCENTER TOPOCENTER LSR LSRK LSRD GALACTIC_CENTER LOCAL_GROUP_CENTER MOON
EMBARYCENTER RELOCATABLE UNKNOWNREFPOS SPHERICAL2
"""
_IGNORED = frozenset(_PLACES_AND_FLAVOURS.split())
_QUALIFIERS = frozenset(("ERROR", "RESOLUTION", "SIZE", "PIXSIZE"))
_COUNTS = {"POSITION": 2, "POINT": 2, "CIRCLE": 3, "BOX": 4}
_KINDS = "POSITION, CIRCLE, BOX, POLYGON or a UNION of them"


def frame_of(text: str) -> str:
    """The frame that a coordinate-system argument names ("GALACTIC LSR"); ICRS if it names none.

    The name is not always one that can be converted.
    """
    words = text.upper().split()
    return _FRAMES.get(words[0], "ICRS") if words else "ICRS"


def shape_of(kind: str, words: list[str]) -> Shape:
    """A POINT, CIRCLE or POLYGON from its numbers, as DALI writes it (ADQL 2.1 §4.7.1).

    Raises ValueError, its message a sentence about what is wrong.
    """
    wrong = next((w for w in words if not _is_number(w)), None)
    if wrong is not None:
        raise ValueError(f"'{wrong[:40]}' is no number")
    return _shape(kind, [float(word) for word in words])


def _is_number(word: str) -> bool:
    return bool(_NUMBER.fullmatch(word)) and not _TOO_LONG.search(word)


class _Reader:
    """Reads the words of one text from the left."""

    def __init__(self, text: str) -> None:
        spaced = re.sub(r"([()])", r" \1 ", text.upper()).strip(" \t\r\n")
        self.words = re.split(r"[ \t\r\n]+", spaced)
        self.at = 0

    @property
    def next(self) -> str:
        return self.words[self.at] if self.at < len(self.words) else ""

    def take(self, wanted: str) -> bool:
        if self.next != wanted:
            return False
        self.at += 1
        return True

    def numbers(self) -> list[float]:
        start = self.at
        while _is_number(self.next):
            self.at += 1
        return [float(word) for word in self.words[start : self.at]]

    def frame(self, inherited: str) -> str:
        found = inherited
        while self.next in _FRAMES or self.next in _IGNORED:
            found = _FRAMES.get(self.next, found)
            self.at += 1
        return found

    def union(self) -> list[Geometry]:
        frame = self.frame("ICRS")
        if not self.take("("):
            raise ValueError("after UNION come shapes in parentheses")
        found = self.shapes(frame)
        if not self.take(")"):
            raise ValueError(f"'{self.next[:40]}' stands where a shape or ')' is wanted")
        return found

    def shapes(self, frame: str) -> list[Geometry]:
        found = [self.shape(frame)]
        while self.next not in ("", ")"):
            found.append(self.shape(frame))
        return found

    def shape(self, inherited: str) -> Geometry:
        kind = self.next
        if kind not in _COUNTS and kind != "POLYGON":
            raise ValueError(f"'{kind[:40]}' is none of {_KINDS}")
        self.at += 1
        if self.take("FILLFACTOR") and len(self.numbers()) != 1:
            raise ValueError("FILLFACTOR is followed by one number")
        frame = self.frame(inherited)
        found = _shape(kind, self.numbers())
        self._qualifiers()
        return shapes.from_frame(found, frame)

    def _qualifiers(self) -> None:
        """Units, errors and sizes, which change nothing of the region."""
        while self.next in _QUALIFIERS or self.next == "UNIT":
            word = self.next
            self.at += 1
            if word == "UNIT":
                if not self.take("DEG"):
                    raise ValueError(f"coordinates are in degrees, not '{self.next[:40]}'")
                self.take("DEG")
            elif not self.numbers():
                raise ValueError(f"{word} is followed by a number")


def _shape(kind: str, n: list[float]) -> Shape:
    if kind == "POLYGON":
        if len(n) < 6 or len(n) % 2:
            raise ValueError("a POLYGON has three or more pairs of coordinates")
        pairs = zip(n[::2], n[1::2], strict=True)
        return shapes.polygon(tuple(shapes.point(lon, lat) for lon, lat in pairs))
    if len(n) != _COUNTS[kind]:
        raise ValueError(f"{kind} is followed by {_COUNTS[kind]} numbers, not {len(n)}")
    centre = shapes.point(n[0], n[1])
    build: dict[str, Callable[[], Shape]] = {
        "CIRCLE": lambda: shapes.circle(centre, n[2]),
        "BOX": lambda: shapes.box(centre, n[2], n[3]),
    }
    return build[kind]() if kind in build else centre


def parse(text: str) -> Geometry:
    """The region that a text describes, in ICRS.

    Raises ValueError, its message a sentence about what is no such text.
    """
    if not text.isascii():
        raise ValueError("a region is written in plain letters and digits")
    reader = _Reader(text)
    found = reader.union() if reader.take("UNION") else reader.shapes("ICRS")
    if reader.next:
        raise ValueError(f"'{reader.next[:40]}' follows where the region has ended")
    simple = tuple(part for geometry in found for part in shapes.parts(geometry))
    return simple[0] if len(simple) == 1 else shapes.Union(simple)
