"""Tables of distortions that belong to an image: kept with its cut, and moved as its pixels are.

The lookup convention of HST (CPDISn, D2IMDISn = 'LOOKUP'): images named WCSDVARR and D2IMARR, whose
own CRVALn are pixels of the image that they correct.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from astropy.io import fits

from service.cutouts.cards import card, closed
from service.cutouts.errors import NotCuttable
from service.cutouts.sections import Section
from service.ingest.fits import FitsFile, Hdu
from service.ingest.header import Header

_TABLES = ("WCSDVARR", "D2IMARR")
_KINDS = (("CPDIS", "DP", "WCSDVARR"), ("D2IMDIS", "D2IM", "D2IMARR"))
_VERSION = re.compile(r"'\s*EXTVER\s*:\s*([\d.]+)")
_CRVAL = re.compile(rb"CRVAL([12]) *=")


def is_lookup(hdu: Hdu) -> bool:
    """Whether an HDU is such a table and no image of the sky."""
    return hdu.name in _TABLES


@dataclass(frozen=True, slots=True)
class Lookups:
    """The tables of one image."""

    hdus: tuple[Hdu, ...]

    def for_wcs(self) -> fits.HDUList:
        """As astropy.wcs takes them."""
        made = [fits.PrimaryHDU()]
        for hdu in self.hdus:
            cards = fits.Header.fromstring(hdu.header.raw.decode("latin-1"))
            pixels = np.asarray(hdu.image(), np.float32).reshape(hdu.shape[::-1])
            made.append(fits.ImageHDU(pixels, cards))
        return fits.HDUList(made)

    def moved(self, section: Section) -> Iterator[tuple[bytes, bytes]]:
        """Header and pixels of each table for a cut of the image."""
        for hdu in self.hdus:
            cards = bytearray()
            raw, seen = hdu.header.raw, set()
            for at in range(0, len(raw), 80):
                image = raw[at : at + 80]
                if image[:8].rstrip() == b"END":
                    break
                if image[:8].rstrip() in (b"CHECKSUM", b"DATASUM"):
                    continue
                if found := _CRVAL.match(image):
                    seen.add(found[1])
                    continue
                cards += image
            for axis in (1, 2):
                value = hdu.header.number(f"CRVAL{axis}") or 0.0
                start = section.axes[axis - 1].start
                cards += card(f"CRVAL{axis}", value - start, hdu.header.comment(f"CRVAL{axis}"))
            yield closed(cards), hdu.source.read(hdu.data_offset, hdu.data_size)


def lookups_of(fits_file: FitsFile, hdu: Hdu) -> Lookups | None:
    """The tables that an image's header names, None where it names none.

    NotCuttable where one is missing, or the distortion is of a kind that cannot be moved.
    """
    header, found = hdu.header, []
    if "AXISCORR" in header and fits_file.named("D2IMARR") is not None:
        raise NotCuttable(
            f"HDU {hdu.index} is corrected by a row of D2IMARR (AXISCORR), which cannot be cut"
        )
    for distortion, parameters, name in _KINDS:
        for axis in (1, 2):
            if f"{distortion}{axis}" not in header:
                continue
            kind = (header.text(f"{distortion}{axis}") or "").upper()
            if kind != "LOOKUP":
                raise NotCuttable(
                    f"HDU {hdu.index} has a distortion {distortion}{axis} = '{kind}' in pixels, "
                    "which cannot be moved to a cut"
                )
            version = _version(header, f"{parameters}{axis}")
            table = next(
                (
                    each
                    for each in fits_file.hdus
                    if each.name == name and each.header.integer("EXTVER", 1) == version
                ),
                None,
            )
            if table is None or table.compressed or len(table.shape) != 2:
                raise NotCuttable(
                    f"the distortions of HDU {hdu.index}, {name} {version}, are not in the file"
                )
            if table not in found:
                found.append(table)
    return Lookups(tuple(found)) if found else None


def _version(header: Header, keyword: str) -> int:
    """EXTVER of a record-valued card (its cards share one keyword)."""
    raw = header.raw
    for at in range(0, len(raw), 80):
        image = raw[at : at + 80].decode("latin-1")
        if image[:8].rstrip() == keyword and (found := _VERSION.search(image)):
            return int(float(found[1]))
    return 1
