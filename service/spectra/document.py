"""A form of a file's spectra, from the file to the bytes."""

from service.spectra.conversion import convert
from service.spectra.fits_table import fits_table
from service.spectra.forms import Form, WantedMedium
from service.spectra.holdings import MOST_POINTS, Held
from service.spectra.layout import NotConvertible
from service.spectra.opening import opened
from service.spectra.reading import read_spectra
from service.spectra.votable import votable


def document(held: Held, form: Form, medium: WantedMedium | None, unit: str | None) -> bytes:
    """The form of all spectra of a file, its axis in `unit` and `medium` where they are not None.

    NotConvertible, Damaged, Unavailable as `opened` and `read_spectra`. It takes CPU time.
    """
    path = held.origin.path
    try:
        with opened(held) as fits:
            spectra = read_spectra(fits, held.reader)
        points = sum(len(spectrum) for spectrum in spectra)
        if points > MOST_POINTS:
            raise NotConvertible(
                f"it holds {points} points in {len(spectra)} spectra, more than {MOST_POINTS}: "
                "take the file itself"
            )
        spectra = tuple(convert(each, medium, unit) for each in spectra)
    except NotConvertible as error:
        raise NotConvertible(f"the file {path} cannot be converted: {error.message}") from error
    write = votable if form.extension == "vot" else fits_table
    return write(spectra, held.origin)
