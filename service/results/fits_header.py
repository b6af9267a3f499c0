"""The headers of a FITS result (FITS 4.0 §4, §7.3), written by astropy."""

from collections.abc import Sequence

from service.results.fits_columns import FitsColumn
from service.results.format import Outcome

Card = tuple[str, str | int | bool, str]


def primary_header(description_bytes: int, outcome: Outcome) -> bytes:
    """The header of the HDU that holds the VOTable: what STIL calls fits-plus."""
    cards: list[Card] = [
        ("SIMPLE", True, "FITS 4.0"),
        ("BITPIX", 8, "bytes"),
        ("NAXIS", 1, ""),
        ("NAXIS1", description_bytes, "length of the VOTable"),
        # STIL looks for it at this place.
        ("VOTMETA", True, "the table's metadata as a VOTable"),
        ("EXTEND", True, "the table is in the next HDU"),
    ]
    if outcome.overflow is not None:
        text = outcome.overflow
        cards.append(("QSTATUS", "OVERFLOW", text))
    return _header(cards)


def table_header(columns: Sequence[FitsColumn], rows: int, heap_bytes: int) -> bytes:
    """The header of the table."""
    cards: list[Card] = [
        ("XTENSION", "BINTABLE", "a binary table"),
        ("BITPIX", 8, "bytes"),
        ("NAXIS", 2, ""),
        ("NAXIS1", sum(column.width for column in columns), "bytes of a row"),
        ("NAXIS2", rows, "rows"),
        ("PCOUNT", heap_bytes, "bytes of the heap"),
        ("GCOUNT", 1, ""),
        ("TFIELDS", len(columns), "columns"),
        ("EXTNAME", "RESULT", ""),
    ]
    taken: set[str] = set()
    for number, column in enumerate(columns, start=1):
        cards += _column_cards(number, column, taken)
    return _header(cards)


def _column_cards(number: int, column: FitsColumn, taken: set[str]) -> list[Card]:
    """One column. TUCD, TUTYP and TCOMM are what STIL reads and writes beside the standard's."""
    meta = column.column.meta
    cards: list[Card] = [
        (f"TTYPE{number}", _unique(meta.name, taken), ""),
        (f"TFORM{number}", column.form, ""),
    ]
    optional = (
        ("TUNIT", meta.unit),
        ("TNULL", column.null),
        ("TDIM", column.dimensions),
        ("TUCD", meta.ucd),
        ("TUTYP", meta.utype),
        ("TXTYP", meta.xtype),
        ("TCOMM", meta.description),
    )
    cards += [(f"{key}{number}", value, "") for key, value in optional if value is not None]
    if column.changed:
        said = f"{meta.name}: characters that FITS cannot hold are written as '?'"
        cards.append(("COMMENT", said, ""))
    return cards


def _unique(name: str, taken: set[str]) -> str:
    """The name, with a number where an earlier column has it: FITS ignores case (§7.3.2)."""
    found, number = name, 2
    while found.lower() in taken:
        found, number = f"{name}_{number}", number + 1
    taken.add(found.lower())
    return found


def _header(cards: Sequence[Card]) -> bytes:
    """The cards as whole blocks, long texts continued in further cards."""
    from astropy.io.fits import Card as FitsCard
    from astropy.io.fits import Header

    header = Header()
    for key, value, comment in cards:
        text = _printable(value) if isinstance(value, str) else value
        header.append(FitsCard(key, text, comment), end=True)
    octets: bytes = header.tostring().encode("ascii")
    return octets


def _printable(text: str) -> str:
    """What a header may hold (§4.1.2.3)."""
    return "".join(c if " " <= c <= "~" else "?" for c in " ".join(text.split()))
