"""The header of a cut: the cards of the original, byte for byte, but for those that a cut changes.

Changed are NAXISn, CRPIXn of every version of the WCS, LTVn (IRAF's physical pixels) and CNPIXn
(plates); CDELTn and CDn_n where every second or third pixel was taken. CHECKSUM and DATASUM, which
would be wrong, go. All else is relative to CRPIXn: SIP, TPV and the WAT cards too.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from astropy.io.fits import Card

from service.cutouts.sections import Section
from service.ingest.fits import BLOCK, Hdu
from service.ingest.header import Header, Value

_CARD = 80
_SUMS = {"CHECKSUM", "DATASUM", "ZHECKSUM", "ZDATASUM"}
_AXIS = re.compile(r"(NAXIS|CRPIX|CDELT|LTV|CNPIX)([1-9]\d?)([A-Z]?)$|CD([1-9])_\4([A-Z]?)$")
_WCS = re.compile(r"(?:CTYPE|CRVAL|CDELT)([1-9])([A-Z]?)$|CD([1-9])_\d([A-Z]?)$")
# How the keywords begin that _AXIS, _WCS and _SUMS are about.
_CONCERNED = frozenset((b"NA", b"CR", b"CT", b"CD", b"LT", b"CN", b"CH", b"DA", b"ZH", b"ZD"))
_END_CARD = re.compile(rb"END {77}")
_OF_TABLE = re.compile(
    r"(TTYPE|TFORM|TUNIT|TNULL|TSCAL|TZERO|TDISP|TDIM|TBCOL)\d+$|TFIELDS$|THEAP$|ZIMAGE$|ZSIMPLE$"
    r"|ZTENSION$|ZEXTEND$|ZBLOCKED$|ZPCOUNT$|ZGCOUNT$|ZBITPIX$|ZNAXIS\d*$|ZTILE\d+$|ZNAME\d+$"
    r"|ZVAL\d+$|ZCMPTYPE$|ZMASKCMP$|ZQUANTIZ$|ZDITHER0$|ZBLANK$|ZSCALE$|ZZERO$"
)
_MANDATORY = {"XTENSION", "SIMPLE", "BITPIX", "NAXIS", "PCOUNT", "GCOUNT"}
_BLANKS = b" " * BLOCK
_END = b"END" + b" " * 77


def card(keyword: str, value: float | int | bool | str, comment: str = "") -> bytes:
    """A card in fixed format; a comment that does not fit is cut off."""
    if isinstance(value, bool):
        text = f"{'T' if value else 'F':>20}"
    elif isinstance(value, str):
        text = "'" + f"{value:<8}" + "'"
    else:
        text = f"{repr(value).upper():>20}"
    image = f"{keyword:<8}= {text}"
    if comment:
        image += f" / {comment}"
    return image[:_CARD].ljust(_CARD).encode("latin-1", "replace")


def history(text: str) -> bytes:
    """A text as HISTORY cards."""
    plain = text.encode("ascii", "replace")
    lines = (plain[i : i + 72] for i in range(0, len(plain), 72))
    return b"".join(b"HISTORY " + line.ljust(72) for line in lines)


def closed(cards: bytes | bytearray) -> bytes:
    """A header of these cards, ended and filled up to a block (FITS 4.0 §3.3.1)."""
    used = (len(cards) + _CARD) % BLOCK
    return bytes(cards) + _END + _BLANKS[: (BLOCK - used) % BLOCK]


class Template:
    """The header of one image, to be filled in for each section that is cut out of it."""

    def __init__(self, hdu: Hdu, stated: Mapping[str, Value]) -> None:
        """`stated` are the cards that collection.toml puts in place of the file's own."""
        self._header = hdu.header
        self._changes: list[_Change] = []
        own = {keyword.upper() for keyword in stated}
        if hdu.compressed or stated:
            self._cards = self._begin(hdu) if hdu.compressed else bytearray()
            for keyword, image in cards_of(hdu.header.raw):
                if keyword not in own and not (hdu.compressed and _is_of_table(image, keyword)):
                    self._cards += image
            for keyword, value in stated.items():
                if len(keyword) <= 8:
                    self._cards += Card(keyword, value).image.encode("latin-1", "replace")
        else:
            self._cards = bytearray(up_to_end(hdu.header.raw))
        if not hdu.compressed and "XTENSION" in hdu.header and "PCOUNT" not in hdu.header:
            self._add_counts(len(hdu.shape))
        self._find_changes(len(hdu.shape))

    def _add_counts(self, axes: int) -> None:
        """PCOUNT and GCOUNT, which an extension must have (FITS 4.0 §3.4.1) and some lack."""
        last = self._cards.find(f"NAXIS{axes}".ljust(8).encode() + b"=")
        at = last + _CARD
        self._cards[at:at] = card("PCOUNT", 0) + card("GCOUNT", 1)

    def _begin(self, hdu: Hdu) -> bytearray:
        """The mandatory cards of the image that was compressed, which the table has in part."""
        cards = bytearray(card("XTENSION", "IMAGE", "image that was tile-compressed"))
        cards += card("BITPIX", hdu.header.integer("ZBITPIX"), "bits of a pixel")
        cards += card("NAXIS", len(hdu.shape), "number of axes")
        for i, length in enumerate(hdu.shape, start=1):
            cards += card(f"NAXIS{i}", length)
        cards += card("PCOUNT", 0) + card("GCOUNT", 1)
        blank = hdu.header.number("ZBLANK")
        if hdu.header.integer("ZBITPIX") > 0 and "BLANK" not in hdu.header and blank is not None:
            cards += card("BLANK", int(blank), "value of pixels without one")
        return cards

    def _find_changes(self, axes: int) -> None:
        """Where the cards are that a cut changes; those that it makes wrong are taken out.

        CRPIXn, 0 where it is not written (FITS 4.0 §8.2), is a card once pixels are cut off.
        """
        sums, wanted, seen = [], set(), set()
        cards = bytes(self._cards)
        for at in range(0, len(cards), _CARD):
            if cards[at : at + 2] not in _CONCERNED:
                continue
            keyword = cards[at : at + 8].rstrip().decode("latin-1")
            if keyword in _SUMS:
                sums.append(at)
                continue
            if (named := _WCS.match(keyword)) is not None:
                number = int(named[1] or named[3])
                if number <= axes:
                    wanted.add((number, f"CRPIX{number}{named[2] or named[4] or ''}"))
            change = self._change(keyword, at - _CARD * len(sums), axes)
            if change is not None:
                seen.add(keyword)
                self._changes.append(change)
        for at in reversed(sums):
            del self._cards[at : at + _CARD]
        for number, keyword in sorted(wanted):
            if keyword not in seen:
                form = b"%-8s= " % keyword.encode() + b"%20s"
                change = _Change(len(self._cards), form, "CRPIX", 0.0, number - 1)
                self._changes.append(change)
                self._cards += _BLANKS[:_CARD]

    def _change(self, keyword: str, at: int, axes: int) -> "_Change | None":
        """How a card follows from the section; None for one that stays."""
        found = _AXIS.match(keyword)
        if found is None:
            return None
        kind, axis = (found[1], int(found[2])) if found[1] else ("CD", int(found[4]))
        value = 0.0 if kind == "NAXIS" else self._header.number(keyword)
        if value is None or axis > axes:
            return None
        comment = self._header.comment(keyword).encode("latin-1", "replace").replace(b"%", b"%%")
        form = b"%-8s= " % keyword.encode() + b"%20s" + (b" / " + comment if comment else b"")
        return _Change(at, form, kind, value, axis - 1)

    def filled(self, section: Section, further: bytes = b"") -> bytes:
        """The header of a section, `further` cards at its end."""
        cards = bytearray(self._cards)
        for at, form, kind, value, axis in self._changes:
            pixels = section.axes[axis]
            number = len(pixels) if kind == "NAXIS" else _moved(kind, value, pixels)
            image = form % repr(number).upper().encode()
            cards[at : at + _CARD] = image[:_CARD].ljust(_CARD)
        cards += further
        return closed(cards)


class _Change(NamedTuple):
    """A card that follows from a section: where it stands, what of which axis (from 0) it is."""

    at: int
    form: bytes
    kind: str
    value: float
    axis: int


def _moved(kind: str, value: float, axis: range) -> float:
    """A card's value where the pixels of `axis` are those that are left."""
    if kind == "CRPIX":
        return (value - 1 - axis.start) / axis.step + 1 if axis.step > 1 else value - axis.start
    if kind == "LTV":
        return value - axis.start
    if kind == "CNPIX":
        return value + axis.start
    return value * axis.step


def up_to_end(raw: bytes) -> bytes:
    """The cards before END."""
    for found in _END_CARD.finditer(raw):
        if found.start() % _CARD == 0:
            return raw[: found.start()]
    return raw


def cards_of(raw: bytes) -> Iterable[tuple[str, bytes]]:
    """Keywords and cards up to END."""
    for start in range(0, len(raw), _CARD):
        image = raw[start : start + _CARD]
        keyword = image[:8].rstrip().decode("latin-1")
        if keyword == "END":
            return
        yield keyword, image


def _is_of_table(image: bytes, keyword: str) -> bool:
    """Whether a card of a compressed image is one of the table that it is kept in."""
    return (
        keyword in _MANDATORY
        or keyword in _SUMS
        or keyword.startswith("NAXIS")
        or _OF_TABLE.match(keyword) is not None
        or (keyword == "EXTNAME" and b"'COMPRESSED_IMAGE'" in image)
    )


def without_pixels(header: Header, extensions: int) -> bytes:
    """A primary header whose image is left out; NEXTEND is the number of extensions there are."""
    cards = bytearray()
    for keyword, image in cards_of(header.raw):
        if keyword in _SUMS or re.match(r"NAXIS\d+$", keyword):
            continue
        if keyword == "NAXIS":
            image = card("NAXIS", 0, header.comment("NAXIS"))
        elif keyword == "NEXTEND":
            image = card("NEXTEND", extensions, header.comment("NEXTEND"))
        cards += image
    return closed(cards)
