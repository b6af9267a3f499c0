"""The images of a file: which pixels of each belong to a product.

An image of the sky is cut where its own coordinates say. What belongs to it pixel by pixel (errors,
masks, weights: by EXTNAME, or any image of its shape without coordinates) is cut at the same
pixels, whatever its own coordinates say: those of an error image often lack the distortions.
"""

from collections.abc import Iterator
from functools import cached_property

from service.cutouts.axes import chosen
from service.cutouts.cards import Template
from service.cutouts.enclosing import Window, window_of
from service.cutouts.errors import NoOverlap, NotCuttable
from service.cutouts.lookups import Lookups, is_lookup, lookups_of
from service.cutouts.opened import Opened
from service.cutouts.product import Piece, Source
from service.cutouts.sections import Section, stored_pixels
from service.cutouts.tiles import PIXELS, TiledImage
from service.cutouts.wanted import Wanted
from service.ingest.celestial import Celestial, has_celestial
from service.ingest.fits import FitsFile, Hdu
from service.ingest.readers.wcs_image import kind_of


class Image:
    """One image of a file; what is read of its header is read once."""

    def __init__(self, hdu: Hdu, fits: FitsFile, file: Opened, source: Source) -> None:
        self.hdu = hdu
        self._fits, self._file, self._source = fits, file, source

    @cached_property
    def is_companion(self) -> bool:
        """Whether its EXTNAME is that of errors, a mask or weights."""
        return kind_of(self.hdu.name) is not None

    @cached_property
    def has_sky(self) -> bool:
        """Whether it has celestial coordinates."""
        return has_celestial(self.hdu.header)

    @cached_property
    def lookups(self) -> Lookups | None:
        """Its tables of distortions."""
        return lookups_of(self._fits, self.hdu)

    @cached_property
    def sky(self) -> Celestial:
        """Its celestial coordinates; NotCuttable where they cannot be used."""
        if not self.has_sky:
            raise NotCuttable(f"HDU {self.hdu.index} has no celestial coordinates")
        tables = self.lookups.for_wcs() if self.lookups else None
        try:
            sky = Celestial(self.hdu.header, self._fits.primary, tables)
        except Exception as error:  # astropy.wcs raises many kinds for cards that make no sense
            raise NotCuttable(
                f"the celestial coordinates of HDU {self.hdu.index} cannot be used"
            ) from error
        if sky.axes[1] >= len(self.hdu.shape):
            raise NotCuttable(f"HDU {self.hdu.index} has not both of its celestial axes")
        return sky

    @cached_property
    def is_placed(self) -> bool:
        """Whether it has celestial coordinates that can be used."""
        try:
            return self.has_sky and self.sky is not None
        except NotCuttable:
            return False

    @cached_property
    def template(self) -> Template:
        """Its header."""
        return Template(self.hdu, self._source.header)

    @cached_property
    def _tiled(self) -> TiledImage:
        return TiledImage(self.hdu, self._file)

    @cached_property
    def item(self) -> int:
        """Bytes of a pixel; NotCuttable where BITPIX is none."""
        name = "ZBITPIX" if self.hdu.compressed else "BITPIX"
        bits = self.hdu.header.integer(name)
        if bits not in PIXELS:
            raise NotCuttable(f"HDU {self.hdu.index} has a wrong {name} card")
        return abs(bits) // 8

    @cached_property
    def _whole(self) -> tuple[range, ...]:
        return tuple(range(length) for length in self.hdu.shape)

    def section(self, wanted: Wanted) -> tuple[Section, bool]:
        """The pixels that are wanted, and whether the region reaches beyond the image.

        NoOverlap where there are none, NotCuttable where the header does not say.
        """
        axes, partial = self._whole, False
        pixels: dict[int, range] = {}
        if wanted.region is not None:
            first, second = self.sky.axes
            width, height = self.hdu.shape[first], self.hdu.shape[second]
            window: Window | None = window_of(self.sky, wanted.region, width, height)
            if window is None:
                raise NoOverlap("the region has no pixel of the image")
            pixels[first], pixels[second] = range(*window.x), range(*window.y)
            partial = not window.whole
        if wanted.band or wanted.time or wanted.pol:
            pixels |= chosen(self.hdu, self._fits.primary, self._source, wanted)
        if pixels:
            axes = tuple(pixels.get(i, axis) for i, axis in enumerate(axes))
        return Section(axes), partial

    def section_as(self, other: "Image", section: Section) -> Section:
        """The same pixels as those of the image that it belongs to."""
        axes = [
            section.axes[i]
            if i < len(section.axes) and length == other.hdu.shape[i]
            else range(length)
            for i, length in enumerate(self.hdu.shape)
        ]
        return Section(tuple(axes))

    def belongs_to(self, other: "Image") -> bool:
        """Whether it has the shape for that, on the celestial axes where there are some."""
        own, its = self.hdu.shape, other.hdu.shape
        if not other.is_placed:
            return own == its
        first, second = other.sky.axes
        return len(own) > second and (own[first], own[second]) == (its[first], its[second])

    def pixels(self, section: Section) -> Iterator[Piece]:
        """The bytes of a section as they are stored, decompressed where they are in tiles."""
        if self.hdu.compressed:
            return self._tiled.pixels(section)
        return stored_pixels(self._file, self.hdu.data_offset, self.item, self.hdu.shape, section)


def images_of(fits: FitsFile, file: Opened, source: Source) -> list[Image]:
    """The images of the dataset; NotCuttable where there are none."""
    hdus = [hdu for hdu in fits.images if not is_lookup(hdu)]
    if not hdus:
        raise NotCuttable(f"the file {source.name} holds no image")
    return [Image(hdu, fits, file, source) for hdu in hdus]


def partners(images: list[Image]) -> dict[int, Image]:
    """Which image each companion belongs to, by the index of its HDU.

    The one of the same EXTVER, else the nearest before it, else the first behind it.
    """
    science = [image for image in images if not image.is_companion and image.is_placed]
    science = science or [image for image in images if not image.is_companion]
    found: dict[int, Image] = {}
    for image in images:
        if image in science:
            continue
        fitting = [each for each in science if image.belongs_to(each)]
        if not fitting:
            continue
        version = image.hdu.header.integer("EXTVER", 0)
        same = [
            each for each in fitting if version and version == each.hdu.header.integer("EXTVER")
        ]
        before = [each for each in fitting if each.hdu.index < image.hdu.index]
        found[image.hdu.index] = (same or before[-1:] or fitting)[0]
    return found
