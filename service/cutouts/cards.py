"""The header of a cut: the cards of the original, byte for byte, but for those that a cut changes.

Changed are NAXISn, CRPIXn of every version of the WCS, LTVn (IRAF's physical pixels) and CNPIXn
(plates); CDELTn and CDn_n where every second or third pixel was taken. CHECKSUM and DATASUM, which
would be wrong, go. All else is relative to CRPIXn: SIP, TPV and the WAT cards too.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from astropy.io.fits import Card

from service.cutouts.sections import Section
from service.ingest.fits import BLOCK, Hdu
from service.ingest.header import Header, Value

_CARD = 80
_SUMS = {"CHECKSUM", "DATASUM", "ZHECKSUM", "ZDATASUM"}
_AXIS = re.compile(r"(NAXIS|CRPIX|CDELT|LTV|CNPIX)([1-9]\d?)([A-Z]?)$|CD([1-9])_\4([A-Z]?)$")
_WCS = re.compile(r"(?:CTYPE|CRVAL|CDELT)([1-9])([A-Z]?)$|CD([1-9])_\d([A-Z]?)$")
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
        self._cards = bytearray()
        self._changes: list[tuple[int, Callable[[Section], bytes]]] = []
        seen: set[str] = set()
        own = {keyword.upper() for keyword in stated}
        if hdu.compressed:
            self._begin(hdu)
        for keyword, image in _cards(hdu.header.raw):
            if (
                keyword in _SUMS
                or keyword in own
                or (hdu.compressed and _is_of_table(image, keyword))
            ):
                continue
            seen.add(keyword)
            self._add(keyword, image)
        for keyword, value in stated.items():
            if len(keyword) <= 8:
                seen.add(keyword.upper())
                self._add(keyword.upper(), Card(keyword, value).image.encode("latin-1", "replace"))
        self._add_reference_pixels(seen, len(hdu.shape))

    def _begin(self, hdu: Hdu) -> None:
        """The mandatory cards of the image that was compressed, which the table has in part."""
        self._cards += card("XTENSION", "IMAGE", "image that was tile-compressed")
        self._cards += card("BITPIX", hdu.header.integer("ZBITPIX"), "bits of a pixel")
        self._cards += card("NAXIS", len(hdu.shape), "number of axes")
        for i, length in enumerate(hdu.shape, start=1):
            self._add(f"NAXIS{i}", card(f"NAXIS{i}", length))
        self._cards += card("PCOUNT", 0) + card("GCOUNT", 1)
        blank = hdu.header.number("ZBLANK")
        if hdu.header.integer("ZBITPIX") > 0 and "BLANK" not in hdu.header and blank is not None:
            self._cards += card("BLANK", int(blank), "value of pixels without one")

    def _add(self, keyword: str, image: bytes) -> None:
        change = self._change(keyword)
        if change is not None:
            self._changes.append((len(self._cards), change))
        self._cards += image

    def _change(self, keyword: str) -> Callable[[Section], bytes] | None:
        """How a card follows from the section; None for one that stays."""
        found = _AXIS.match(keyword)
        if found is None:
            return None
        kind, axis = (found[1], int(found[2])) if found[1] else ("CD", int(found[4]))
        comment = self._header.comment(keyword)
        if kind == "NAXIS":
            return lambda section: card(keyword, len(section.axes[axis - 1]), comment)
        value = self._header.number(keyword)
        if value is None:
            return None
        old = value

        def changed(section: Section) -> bytes:
            if axis > len(section.axes):
                return card(keyword, old, comment)
            return card(keyword, _moved(kind, old, section.axes[axis - 1]), comment)

        return changed

    def _add_reference_pixels(self, seen: set[str], axes: int) -> None:
        """CRPIXn, 0 where it is not written (FITS 4.0 §8.2), is a card once pixels are cut off."""
        for keyword in sorted(seen):
            found = _WCS.match(keyword)
            if found is None:
                continue
            axis, version = found[1] or found[3], found[2] or found[4] or ""
            reference = f"CRPIX{axis}{version}"
            if reference not in seen and int(axis) <= axes:
                seen.add(reference)
                start = int(axis) - 1
                self._changes.append(
                    (
                        len(self._cards),
                        lambda section, name=reference, i=start: card(  # type: ignore[misc]
                            name, _moved("CRPIX", 0.0, section.axes[i])
                        ),
                    )
                )
                self._cards += _BLANKS[:_CARD]

    def filled(self, section: Section, further: bytes = b"") -> bytes:
        """The header of a section, `further` cards at its end."""
        cards = bytearray(self._cards)
        for at, change in self._changes:
            cards[at : at + _CARD] = change(section)
        cards += further
        return closed(cards)


def _moved(kind: str, value: float, axis: range) -> float:
    """A card's value where the pixels of `axis` are those that are left."""
    if kind == "CRPIX":
        return (value - 1 - axis.start) / axis.step + 1 if axis.step > 1 else value - axis.start
    if kind == "LTV":
        return value - axis.start
    if kind == "CNPIX":
        return value + axis.start
    return value * axis.step


def _cards(raw: bytes) -> Iterable[tuple[str, bytes]]:
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
        or keyword.startswith("NAXIS")
        or _OF_TABLE.match(keyword) is not None
        or (keyword == "EXTNAME" and b"'COMPRESSED_IMAGE'" in image)
    )


def without_pixels(header: Header, extensions: int) -> bytes:
    """A primary header whose image is left out; NEXTEND is the number of extensions there are."""
    cards = bytearray()
    for keyword, image in _cards(header.raw):
        if keyword in _SUMS or re.match(r"NAXIS\d+$", keyword):
            continue
        if keyword == "NAXIS":
            image = card("NAXIS", 0, header.comment("NAXIS"))
        elif keyword == "NEXTEND":
            image = card("NEXTEND", extensions, header.comment("NEXTEND"))
        cards += image
    return closed(cards)
