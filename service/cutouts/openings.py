"""Many cuts of one file: opened once, its headers read once.

A product is a FITS file: the primary header of the original, then each image that has something of
what is wanted, with its errors, masks and weights. Images that have nothing of it are left out, as
are tables, unless the coordinates of an image need them. Pixels are as they were stored: BSCALE,
BZERO and BLANK stay; tile-compressed images come out plain.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from service.cutouts.cards import history, without_pixels
from service.cutouts.errors import NoOverlap, NotCuttable
from service.cutouts.images import Image, images_of, partners
from service.cutouts.opened import Counter, Opened, open_bytes
from service.cutouts.product import Piece, Product, Source
from service.cutouts.provenance import asked
from service.cutouts.sections import Section
from service.cutouts.wanted import Wanted
from service.ingest.facts import Refusal
from service.ingest.fits import BLOCK, FitsFile, open_fits

_EAGER = 4 * 2**20  # bytes: up to here a product is read before it is handed on
_SUFFIX = re.compile(r"(\.(fits?|fts|fz|gz|bz2))+$", re.IGNORECASE)
MEDIA_TYPE = "application/fits"


@dataclass(frozen=True, slots=True)
class _Cut:
    """One image of a product."""

    image: Image
    section: Section

    @property
    def size(self) -> int:
        """Bytes of the pixels."""
        return self.section.pixels * self.image.item


class OpenImage:
    """The images of one FITS file."""

    def __init__(self, source: Source, fits: FitsFile, file: Opened, counter: Counter) -> None:
        self._source, self._fits = source, fits
        self._counter = counter
        self.images = images_of(fits, file, source)
        self._partners = partners(self.images) if len(self.images) > 1 else {}
        self._stem = _SUFFIX.sub("", source.name)
        self._origin = history(f"Dataset: {source.identifier}")
        self._accounted = 0  # bytes read, for products that are made: the first has the headers too

    def cut(self, wanted: Wanted) -> Product:
        """What is wanted, as a FITS file.

        Of a region it is the smallest rectangle of pixels that holds it; those of them that lie
        outside the region are kept (SODA 1.0 §3.3, "a best possible match").

        NoOverlap where the file has nothing of it, NotCuttable where it does not say, or cannot be
        cut. A small product has been read when this returns; a large one is read with its pieces,
        and may still end in Damaged or Unavailable. Blocks: for a thread or a task.
        """
        cuts, partial = self._cuts(wanted)
        tables = self._tables(cuts)
        heads = self._heads(cuts, len(tables), asked(wanted))
        size = sum(map(len, heads)) + sum(map(len, tables)) + sum(_padded(c.size) for c in cuts)
        product = Product(f"{self._stem}_cut.fits", MEDIA_TYPE, iter(()), size, partial, 0)
        pieces = self._pieces(cuts, heads, tables, product)
        product.pieces = iter([b"".join(pieces)]) if size <= _EAGER else pieces
        return product

    def _cuts(self, wanted: Wanted) -> tuple[list[_Cut], bool]:
        """What of which image, in the order of the file; whether none holds all of the region."""
        sections: dict[int, Section] = {}
        whole = False
        reasons: list[NoOverlap | NotCuttable] = []
        for image in self.images:
            if image.hdu.index in self._partners:
                continue
            try:
                section, partial = image.section(wanted)
            except (NoOverlap, NotCuttable) as reason:
                reasons.append(reason)
                continue
            sections[image.hdu.index] = section
            whole = whole or not partial
        if not sections:
            raise next((r for r in reasons if isinstance(r, NoOverlap)), reasons[0])
        cuts = []
        for image in self.images:
            partner = self._partners.get(image.hdu.index)
            if partner is not None and partner.hdu.index in sections:
                its = sections[partner.hdu.index]
                cuts.append(_Cut(image, image.section_as(partner, its)))
            elif image.hdu.index in sections:
                cuts.append(_Cut(image, sections[image.hdu.index]))
        return cuts, not whole

    def _heads(self, cuts: list[_Cut], tables: int, what: str) -> list[bytes]:
        """What stands before the pixels of each image."""
        now = datetime.now(UTC).isoformat(timespec="seconds")[:19]
        origin = self._origin + history(f"Asked for: {what}")
        heads = []
        for cut in cuts:
            place = f"HDU {cut.image.hdu.index} of {self._source.name}"
            note = history(f"Cut {cut.section} out of {place} by Starhaul, {now}Z")
            heads.append(cut.image.template.filled(cut.section, note + origin))
        if cuts[0].image.hdu.index > 0:
            heads[0] = without_pixels(self._fits.primary, len(cuts) + tables) + heads[0]
        return heads

    def _tables(self, cuts: list[_Cut]) -> list[bytes]:
        """The tables that the coordinates need, moved as the pixels were."""
        moved: dict[int, bytes] = {}
        for cut in cuts:
            lookups = cut.image.lookups
            if lookups is None:
                continue
            for index, table in lookups.moved(cut.section):
                known = moved.get(index)
                if known not in (None, table):
                    raise NotCuttable(
                        f"images that share the table of distortions in HDU {index} cannot be cut "
                        "at different pixels"
                    )
                moved[index] = table
        return list(moved.values())

    def _pieces(
        self, cuts: list[_Cut], heads: list[bytes], tables: list[bytes], product: Product
    ) -> Iterator[Piece]:
        before = self._accounted
        for cut, head in zip(cuts, heads, strict=True):
            yield head
            for piece in cut.image.pixels(cut.section):
                yield piece
                product.bytes_read = self._counter.bytes_read - before
            yield bytes(-cut.size % BLOCK)
        yield from tables
        self._source.file.verify()
        self._accounted = self._counter.bytes_read
        product.bytes_read = self._accounted - before


def _padded(size: int) -> int:
    return size + -size % BLOCK


@contextmanager
def open_image(source: Source) -> Iterator[OpenImage]:
    """The images of a file, for as many cuts as are wanted.

    NotCuttable where it is no FITS file or holds no image; Damaged and Unavailable as the store.
    Products are to be read before it is closed.
    """
    counter = Counter()
    file = open_bytes(source.file, source.name, counter)
    try:
        try:
            fits = open_fits(source.name, file, source.header)
        except Refusal as refusal:
            raise NotCuttable(f"the file {source.name}: {refusal.reason}") from refusal
        yield OpenImage(source, fits, file, counter)
    finally:
        file.close()
