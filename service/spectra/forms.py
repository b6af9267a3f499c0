"""The two forms in which a spectrum can be had beside its own file, of which files, and in what.

Nothing that reads files is imported here: who lists the forms need not wait for astropy.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from service.spectra.layout import Kind

# Raised by a change of what conversions yield: their ETags change with it.
VERSION = 1
# The readers of ingest (`archive.holding.reader`) whose files are converted.
READERS_OF_SPECTRA = (
    "eso_phase3",
    "eso_drs",
    "lamost",
    "sdss",
    "desi",
    "aat_2df",
    "image_set",
    "iraf",
    "table_spectrum",
)

WantedMedium: TypeAlias = Literal["vacuum", "air"]
MEDIA: tuple[WantedMedium, ...] = ("vacuum", "air")
UNITS: dict[str, Kind] = {
    "Angstrom": "wl",
    "nm": "wl",
    "um": "wl",
    "m": "wl",
    "Hz": "freq",
    "eV": "energy",
}


@dataclass(frozen=True, slots=True)
class Form:
    """`extension` is what the URL ends with: /spectra/{file id}.{extension}."""

    extension: str
    media_type: str
    title: str


FORMS = {
    form.extension: form
    for form in (
        Form("vot", "application/x-votable+xml", "The spectrum in one layout, as VOTable"),
        Form("fits", "application/fits", "The spectrum in one layout, as FITS table"),
    )
}
