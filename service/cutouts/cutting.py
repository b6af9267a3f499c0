"""One product of one file."""

from service.cutouts.openings import open_image
from service.cutouts.product import Product, Source
from service.cutouts.wanted import Wanted

__all__ = ["Product", "Source", "Wanted", "cut"]


def cut(source: Source, wanted: Wanted) -> Product:
    """What is wanted, out of an image or a cube: FITS.

    Blocks: for a thread or a task. NoOverlap where the file has nothing of it, NotCuttable where it
    cannot be cut; Damaged and Unavailable as the store, also while the pieces are read.
    """
    with open_image(source) as image:
        return image.cut(wanted)
