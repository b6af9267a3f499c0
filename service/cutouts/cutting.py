"""One product of one file."""

from collections.abc import Iterator
from contextlib import ExitStack

from service.cutouts.openings import open_image
from service.cutouts.product import Piece, Product, Source
from service.cutouts.wanted import Wanted

__all__ = ["Product", "Source", "Wanted", "cut"]


def cut(source: Source, wanted: Wanted) -> Product:
    """What is wanted, out of an image or a cube: FITS.

    The result holds the smallest rectangle of pixels around a region; those of it that lie outside
    are kept (SODA 1.0 §3.3: "a best possible match to the requested subset").

    Blocks: for a thread or a task. NoOverlap where the file has nothing of it, NotCuttable where it
    cannot be cut; Damaged and Unavailable as the store, also while the pieces are read.
    """
    with ExitStack() as stack:
        product = stack.enter_context(open_image(source)).cut(wanted)
        product.pieces = _read(product.pieces, stack.pop_all())
    return product


def _read(pieces: Iterator[Piece], opened: ExitStack) -> Iterator[Piece]:
    """The pieces; after the last one, what was opened for them is closed."""
    with opened:
        yield from pieces
