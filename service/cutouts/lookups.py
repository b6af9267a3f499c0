"""Tables that the coordinates of an image need: they go with its cut.

Those of distortions are moved as its pixels are, by the lookup convention of HST (CPDISn, D2IMDISn
= 'LOOKUP'): images named WCSDVARR and D2IMARR, whose own CRVALn are pixels of the image that they
correct. Tables of coordinates (CTYPEi = '....-TAB', FITS 4.0 §8.4) hang on CRPIXi alone and stay.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from astropy.io import fits

from service.cutouts.cards import card, cards_of, closed
from service.cutouts.errors import NotCuttable
from service.cutouts.sections import Section
from service.ingest.fits import BLOCK, FitsFile, Hdu
from service.ingest.header import Header

_TABLES = ("WCSDVARR", "D2IMARR")
_KINDS = (("CPDIS", "DP", "WCSDVARR"), ("D2IMDIS", "D2IM", "D2IMARR"))
_VERSION = re.compile(r"'\s*EXTVER\s*:\s*([\d.]+)")


def is_lookup(hdu: Hdu) -> bool:
    """Whether an HDU is such a table and no image of the sky."""
    return hdu.name in _TABLES


@dataclass(frozen=True, slots=True)
class Lookups:
    """The tables of one image: of distortions, and of coordinates."""

    distortions: tuple[Hdu, ...]
    coordinates: tuple[Hdu, ...]

    def for_wcs(self) -> fits.HDUList | None:
        """The distortions as astropy.wcs takes them; None without any."""
        if not self.distortions:
            return None
        made = [fits.PrimaryHDU()]
        for hdu in self.distortions:
            cards = fits.Header.fromstring(hdu.header.raw.decode("latin-1"))
            pixels = np.asarray(hdu.image(), np.float32).reshape(hdu.shape[::-1])
            made.append(fits.ImageHDU(pixels, cards))
        return fits.HDUList(made)

    def moved(self, section: Section) -> Iterator[tuple[int, bytes]]:
        """Each table for a cut of the image, as an HDU, with the index it had."""
        for hdu in self.distortions:
            cards = bytearray()
            for keyword, image in cards_of(hdu.header.raw):
                if keyword not in ("CHECKSUM", "DATASUM", "CRVAL1", "CRVAL2"):
                    cards += image
            for axis in (1, 2):
                value = hdu.header.number(f"CRVAL{axis}") or 0.0
                start = section.axes[axis - 1].start
                cards += card(f"CRVAL{axis}", value - start, hdu.header.comment(f"CRVAL{axis}"))
            yield hdu.index, closed(cards) + _data(hdu)
        for hdu in self.coordinates:
            yield hdu.index, hdu.header.raw + _data(hdu)


def _data(hdu: Hdu) -> bytes:
    data = hdu.source.read(hdu.data_offset, hdu.data_size)
    return data + bytes(-len(data) % BLOCK)


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
    tables = _coordinates(fits_file, hdu)
    return Lookups(tuple(found), tables) if found or tables else None


def _coordinates(fits_file: FitsFile, hdu: Hdu) -> tuple[Hdu, ...]:
    """The tables of its -TAB axes, by the names in PSi_0."""
    names = {
        (hdu.header.text(f"PS{i}_0") or "").upper()
        for i in range(1, len(hdu.shape) + 1)
        if (hdu.header.text(f"CTYPE{i}") or "").upper().endswith("-TAB")
    }
    found = tuple(table for table in fits_file.tables if table.name in names)
    if names and not found:
        raise NotCuttable(f"the table of coordinates of HDU {hdu.index} is not in the file")
    return found


def _version(header: Header, keyword: str) -> int:
    """EXTVER of a record-valued card (its cards share one keyword)."""
    raw = header.raw
    for at in range(0, len(raw), 80):
        image = raw[at : at + 80].decode("latin-1")
        if image[:8].rstrip() == keyword and (found := _VERSION.search(image)):
            return int(float(found[1]))
    return 1
