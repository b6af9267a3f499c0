"""What is asked for of one file's spectra, and which bytes it is."""

import hashlib
from dataclasses import dataclass

from service.errors import UsageError
from service.parameters import Parameters
from service.spectra.forms import MEDIA, UNITS, Form, WantedMedium
from service.spectra.holdings import Held
from service.spectra.provenance import converter


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a spectrum is asked for; None leaves the axis as the file has it."""

    form: Form
    medium: WantedMedium | None
    unit: str | None


def wanted_of(form: Form, parameters: Parameters) -> Wanted:
    """MEDIUM and UNIT; UsageError for a value that is not known."""
    medium, unit = parameters.single("MEDIUM"), parameters.single("UNIT")
    known_medium = next((word for word in MEDIA if word == (medium or "").lower()), None)
    if medium is not None and known_medium is None:
        raise UsageError(f"MEDIUM={medium!r} is not known; use vacuum or air")
    if unit is not None and unit not in UNITS:
        raise UsageError(f"UNIT={unit!r} is not known; use one of {', '.join(UNITS)}")
    return Wanted(form, known_medium, unit)


def etag(held: Held, wanted: Wanted) -> str:
    """A strong ETag: of all that the bytes depend on."""
    header = sorted(held.header.items())
    depends = (held.origin, held.reader, header, wanted.form.extension, wanted.medium, wanted.unit)
    digest = hashlib.sha256(repr((converter(), *depends)).encode())
    return f'"{digest.hexdigest()[:40]}"'
