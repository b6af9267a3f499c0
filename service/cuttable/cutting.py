"""A cuttable file, opened for as many products as are wanted of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, TypeAlias

from service.cutouts.product import Piece, Product
from service.cutouts.wanted import Wanted
from service.cuttable.holdings import SPECTRUM, Cuttable
from service.errors import UsageError
from service.storage.store import OpenFile

# A spectrum in the layout of its file, or in the archive's one layout; an image is always FITS.
Form: TypeAlias = Literal["native", "votable", "fits"]
NATIVE: Form = "native"
VOTABLE: Form = "votable"
FITS: Form = "fits"

Cutter: TypeAlias = Callable[[Wanted, Form], Product]


@contextmanager
def opened(cuttable: Cuttable) -> Iterator[Cutter]:
    """What cuts a file, which stays open while the block runs; its headers are read once.

    The file is looked at again before the last piece of each product. Blocks: for a thread or a
    task. NotCuttable, Damaged and Unavailable where it cannot be opened; a cutter raises NoOverlap
    and UsageError too.
    """
    # astropy with it, which an API that cuts nothing need not load.
    from service.cutouts.openings import open_image
    from service.cutouts.spectra import cut_spectrum

    with cuttable.open() as file:
        source = cuttable.source(file)
        if cuttable.kind == SPECTRUM:
            yield lambda wanted, form: _verified(
                cut_spectrum(source, wanted, form, cuttable.origin), file
            )
            return
        with open_image(source) as image:

            def cut(wanted: Wanted, form: Form) -> Product:
                if form == VOTABLE:
                    raise UsageError(
                        f"{cuttable.name} is an {cuttable.kind}, which is cut as FITS: leave "
                        "RESPONSEFORMAT out"
                    )
                return _verified(image.cut(wanted), file)

            yield cut


def _verified(product: Product, file: OpenFile) -> Product:
    """The same product, whose last piece comes only where the file did not change meanwhile."""
    product.pieces = _pieces(product.pieces, file)
    return product


def _pieces(pieces: Iterator[Piece], file: OpenFile) -> Iterator[Piece]:
    last: Piece = b""
    for piece in pieces:
        if len(piece) == 0:
            continue
        if last:
            yield last
        last = piece
    file.verify()
    yield last
