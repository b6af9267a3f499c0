"""Spectra as FITS: Spectrum DM 1.2 part 4, its keywords and columns, but a row a point.

The model's reference has a spectrum in one row, its arrays in the cells. A row a point is what
specutils, TOPCAT and astropy.table plot and read without a word more (docs/decisions/).
"""

import io
import re
from collections.abc import Sequence

from astropy.io.fits import Card, Header

from service.spectra.layout import Spectrum
from service.spectra.model import Column, Origin, columns_of, facts_of, packed
from service.spectra.provenance import provenance

_BLOCK = 2880
_FORMS = {"f4": "E", "f8": "D", "i4": "J", "i8": "K"}
_CLASS = "SPECTRUM 1.2"
_SOURCE = {"source_file": "SRCFILE", "source_id": "SRCID", "source_sha256": "SRCSHA"}
_SOURCE |= {"converter": "CREATOR"}


def fits_table(spectra: Sequence[Spectrum], origin: Origin) -> bytes:
    """A file with one table a spectrum, EXTNAME SPECTRUM, EXTVER from 1."""
    whole = io.BytesIO()
    whole.write(_primary())
    for number, spectrum in enumerate(spectra, start=1):
        columns = columns_of(spectrum)
        rows = packed(columns)
        whole.write(_header(number, spectrum, columns, rows.dtype.itemsize, origin))
        whole.write(rows.tobytes())
        whole.write(bytes(-rows.nbytes % _BLOCK))
    return whole.getvalue()


def _primary() -> bytes:
    header = Header()
    _add(header, "SIMPLE", True, "FITS 4.0")
    _add(header, "BITPIX", 8, "")
    _add(header, "NAXIS", 0, "the spectra are in the tables that follow")
    _add(header, "EXTEND", True, "")
    return _bytes(header)


def _header(
    number: int, spectrum: Spectrum, columns: Sequence[Column], width: int, origin: Origin
) -> bytes:
    header = Header()
    for key, value, comment in (
        ("XTENSION", "BINTABLE", "a row a point"),
        ("BITPIX", 8, ""),
        ("NAXIS", 2, ""),
        ("NAXIS1", width, "bytes of a row"),
        ("NAXIS2", len(spectrum), "points"),
        ("PCOUNT", 0, ""),
        ("GCOUNT", 1, ""),
        ("TFIELDS", len(columns), ""),
        ("EXTNAME", "SPECTRUM", ""),
        ("EXTVER", number, ""),
    ):
        _add(header, key, value, comment)
    for n, column in enumerate(columns, start=1):
        _add(header, f"TTYPE{n}", column.name, column.description)
        _add(header, f"TFORM{n}", _FORMS[column.values.dtype.str[1:]], "")
        if column.unit:
            _add(header, f"TUNIT{n}", column.unit, "")
        _add(header, f"TUCD{n}", column.ucd, "")
        _add(header, f"TUTYP{n}", f"Spectrum.{column.utype}", "")
    for fact in facts_of(spectrum, origin):
        unknown = isinstance(fact.value, float) and fact.value != fact.value
        if fact.card and not unknown:
            unit = f"[{fact.unit}] " if fact.unit else ""
            shown = _CLASS if fact.card == "VOCLASS" else fact.value
            _add(header, fact.card, shown, f"{unit}{fact.comment or fact.utype}")
    for name, told in provenance((spectrum,), origin):
        if name in _SOURCE:
            _add(header, _SOURCE[name], told, "")
        elif name == "conversion":
            header.add_history(_printable(told))
    return _bytes(header)


def _add(header: Header, key: str, value: str | float | int | bool, comment: str) -> None:
    """Add a card, its comment where there is room for it; long texts go on in further cards."""
    shown = _printable(value) if isinstance(value, str) else value
    taken = max(20, len(shown.replace("'", "''")) + 2) if isinstance(shown, str) else 20
    fitting = 10 + taken + 3 + len(comment) <= Card.length
    header.append(Card(key, shown, _printable(comment) if fitting else ""), end=True)


def _printable(text: str) -> str:
    """What a header may hold (FITS 4.0 §4.1.2.3)."""
    return re.sub(r"[^ -~]", "?", " ".join(text.split()))


def _bytes(header: Header) -> bytes:
    octets: bytes = header.tostring().encode("ascii")
    return octets
