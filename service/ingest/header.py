"""The cards of one FITS header, found fast and parsed late.

Finding the cards of a header is a cut every 80 bytes; parsing values is left to astropy and done
only for the few dozen cards that a reader asks for. (astropy's own Header parses each keyword: 3 to
8 times slower for a whole file, measured by bench/ingest.py.)
"""

import re
from collections.abc import Iterator, Mapping

from astropy.io.fits import Card
from astropy.io.fits.card import Undefined
from astropy.io.fits.verify import VerifyError

Value = str | int | float | bool

_CARD = 80
_COMMENTARY = frozenset(("", "COMMENT", "HISTORY"))
_FIXED_NUMBER = re.compile(r"\s*([+-]?\d+(?:\.\d*)?(?:[EeDd][+-]?\d+)?)\s*(?:/(.*))?$")
_FIXED_TEXT = re.compile(r"\s*'([^']*)'\s*(?:/(.*))?$")


def _card(image: str) -> Card:
    return Card.fromstring(image.encode("latin-1"))


def _value(image: str) -> Value | None:
    if image[8:10] == "= " and len(image) == _CARD:
        if match := _FIXED_TEXT.match(image, 10):
            return _printable(match[1])
        if match := _FIXED_NUMBER.match(image, 10):
            text = match[1].replace("D", "E").replace("d", "e")
            return int(text) if text.lstrip("+-").isdigit() else float(text)
    try:
        value = _card(image).value
    except (VerifyError, ValueError):
        return None
    if isinstance(value, Undefined) or value is None:
        return None
    return _printable(value) if isinstance(value, str) else value


def _printable(text: str) -> str:
    """Without surrounding blanks and without control characters, which no database takes."""
    text = text.strip()
    return text if text.isprintable() else "".join(c for c in text if c.isprintable()).strip()


class Header:
    """Cards by keyword (HIERARCH keywords without HIERARCH), the last of a repeated one wins.

    `overrides` are cards that collection.toml puts in place of the file's own.
    """

    __slots__ = ("_cards", "_overrides", "_values", "raw")

    def __init__(self, raw: bytes, overrides: Mapping[str, Value] | None = None) -> None:
        self.raw = raw
        self._overrides = {key.upper(): value for key, value in (overrides or {}).items()}
        self._values: dict[str, Value | None] = {}
        self._cards: dict[str, str] = {}
        text = raw.decode("latin-1")
        previous = ""
        for start in range(0, len(text), _CARD):
            keyword = text[start : start + 8].rstrip()
            if keyword in _COMMENTARY:
                continue
            if keyword == "END":
                break
            image = text[start : start + _CARD]
            if keyword == "HIERARCH":
                keyword = image[9:].split("=", 1)[0].strip().upper()
            if keyword == "CONTINUE":
                if previous in self._cards:
                    self._cards[previous] += image
            else:
                self._cards[keyword] = image
                previous = keyword

    def __contains__(self, keyword: str) -> bool:
        return keyword in self._overrides or keyword in self._cards

    def __iter__(self) -> Iterator[str]:
        yield from self._cards
        yield from (keyword for keyword in self._overrides if keyword not in self._cards)

    def get(self, keyword: str) -> Value | None:
        """The card's value; None where there is no card, no value or no sense in it."""
        if keyword in self._overrides:
            return self._overrides[keyword]
        if keyword not in self._values:
            image = self._cards.get(keyword)
            self._values[keyword] = None if image is None else _value(image)
        return self._values[keyword]

    def comment(self, keyword: str) -> str:
        """The card's comment, "" where there is none."""
        image = self._cards.get(keyword)
        if image is None or keyword in self._overrides:
            return ""
        if image[8:10] == "= " and len(image) == _CARD:
            match = _FIXED_TEXT.match(image, 10) or _FIXED_NUMBER.match(image, 10)
            if match:
                return (match[2] or "").strip()
        try:
            return str(_card(image).comment)
        except (VerifyError, ValueError):
            return ""

    def verbatim(self, keyword: str) -> str:
        """The card's text with its leading blanks, "" where there is none (trailing ones mean
        nothing, FITS 4.0 §4.2.1)."""
        image = self._cards.get(keyword)
        if image is None or keyword in self._overrides:
            return str(self._overrides.get(keyword, ""))
        try:
            value = _card(image).value
        except (VerifyError, ValueError):
            return ""
        return value if isinstance(value, str) else ""

    def text(self, *keywords: str) -> str | None:
        """The first of the cards that holds text other than blanks; numbers as they stand."""
        for keyword in keywords:
            value = self.get(keyword)
            if value is not None and not isinstance(value, bool) and str(value).strip():
                return str(value).strip()
        return None

    def number(self, *keywords: str) -> float | None:
        """The first of the cards that holds a finite number, also one written as text."""
        for keyword in keywords:
            value = self.get(keyword)
            if value is None or isinstance(value, bool):
                continue
            try:
                number = float(value)
            except ValueError:
                continue
            if number - number == 0:  # neither NaN nor infinite
                return number
        return None

    def integer(self, keyword: str, default: int = 0) -> int:
        """The card's whole number."""
        value = self.get(keyword)
        return value if isinstance(value, int) and not isinstance(value, bool) else default

    def flag(self, keyword: str) -> bool | None:
        """The card's truth: T, F, or the text of either."""
        value = self.get(keyword)
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.upper() in ("T", "F", "TRUE", "FALSE"):
            return value.upper().startswith("T")
        return None

    def wcs_bytes(self) -> bytes:
        """The header as wcslib reads it, with the overrides in place."""
        if not self._overrides:
            return self.raw
        kept = [
            self.raw[start : start + _CARD]
            for start in range(0, len(self.raw), _CARD)
            if self.raw[start : start + 8].rstrip().decode("latin-1") not in self._overrides
        ]
        cards = [Card(key, value).image.encode() for key, value in self._overrides.items()]
        return b"".join(cards + kept)
