"""Many cuts of one file: opened once, its headers read once."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.cutouts.errors import NotCuttable
from service.cutouts.product import Product, Source
from service.cutouts.wanted import Wanted


class OpenImage:
    """The images of one FITS file."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def cut(self, wanted: Wanted) -> Product:
        """One product; NoOverlap and NotCuttable as `cutting.cut`."""
        raise NotCuttable(f"the file {self._source.name} cannot be cut")


@contextmanager
def open_image(source: Source) -> Iterator[OpenImage]:
    """The images of a file, for as many cuts as are wanted.

    NotCuttable where it is no FITS file or holds no image; Damaged and Unavailable as the store.
    """
    yield OpenImage(source)
