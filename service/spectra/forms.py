"""The two forms in which a spectrum can be had beside its own file."""

from dataclasses import dataclass


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
