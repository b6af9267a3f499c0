"""Reading the spectra of a file by the layout that ingest recognised."""

from collections.abc import Callable

from service.ingest.facts import Refusal
from service.ingest.fits import FitsFile
from service.ingest.readers import READERS
from service.ingest.readers.eso_drs import drs_medium
from service.spectra.image_sets import desi_spectra, image_set_spectra
from service.spectra.images import axis_spectra, echelle_spectra, grid_spectra
from service.spectra.layout import NotConvertible, Spectrum
from service.spectra.tables import table_spectra


def _phase3(fits: FitsFile) -> tuple[Spectrum, ...]:
    return table_spectra(fits, only_first=True, medium=drs_medium(fits.primary))


def _sdss(fits: FitsFile) -> tuple[Spectrum, ...]:
    """The coadded spectrum; the single exposures in the extensions behind it are its parts."""
    if any(table.column_number("loglam") for table in fits.tables):
        return table_spectra(fits, only_first=True, medium="vacuum")
    return grid_spectra(fits, "sdss")


def _lamost(fits: FitsFile) -> tuple[Spectrum, ...]:
    if fits.tables and not fits.hdus[0].shape:
        return table_spectra(fits, only_first=True, medium=None)
    return grid_spectra(fits, "lamost")


def _tables(fits: FitsFile) -> tuple[Spectrum, ...]:
    return table_spectra(fits, only_first=False, medium=None)


# By the name of ingest's reader; those of READERS_OF_SPECTRA.
BY_READER: dict[str, Callable[[FitsFile], tuple[Spectrum, ...]]] = {
    "eso_phase3": _phase3,
    "eso_drs": echelle_spectra,
    "lamost": _lamost,
    "sdss": _sdss,
    "desi": desi_spectra,
    "aat_2df": axis_spectra,
    "image_set": image_set_spectra,
    "iraf": axis_spectra,
    "table_spectrum": _tables,
}


def read_spectra(fits: FitsFile, reader: str | None = None) -> tuple[Spectrum, ...]:
    """The spectra of a file, one or more; `reader` is ingest's that took it, None asks them all.

    NotConvertible where the file holds none, or where it contradicts itself.
    """
    if reader is None:
        reader = next((known.name for known in READERS if known.recognise(fits)), None)
    read = BY_READER.get(reader or "")
    if read is None:
        raise NotConvertible("the file holds no spectrum of a layout that is known")
    try:
        return read(fits)
    except NotConvertible:
        raise
    except Refusal as refusal:
        raise NotConvertible(refusal.reason) from refusal
    except (ValueError, IndexError, OverflowError, MemoryError) as error:
        raise NotConvertible(
            f"the extensions of the file contradict each other ({error})"
        ) from error


def read_spectrum(fits: FitsFile, reader: str | None = None) -> Spectrum:
    """The first, or only, spectrum of a file; NotConvertible as `read_spectra`."""
    return read_spectra(fits, reader)[0]
