"""Which files of the archive are spectra that can be had in the one layout."""

from sqlalchemy import ColumnElement, and_, or_

from schema.tables.archive import dataset, holding
from service.spectra.reading import READERS_OF_SPECTRA

# Points of all spectra of a file together; above it the file itself is what can be had.
MOST_POINTS = 2_000_000


def convertible() -> ColumnElement[bool]:
    """The condition on holding joined with its dataset; what ingest found decides."""
    return and_(
        dataset.c.dataproduct_type == "spectrum",
        holding.c.semantics == "#this",
        holding.c.reader.in_(READERS_OF_SPECTRA),
        or_(dataset.c.em_xel.is_(None), dataset.c.em_xel <= MOST_POINTS),
    )
