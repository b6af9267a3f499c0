"""What became of a file on its way into the one layout, told in both forms."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from service.spectra.forms import VERSION
from service.spectra.layout import Spectrum
from service.spectra.model import DATA_UNIT, Origin


@lru_cache(maxsize=1)
def converter() -> str:
    """The name of what converts, with the versions of the archive and of this room."""
    try:
        release = version("starhaul")
    except PackageNotFoundError:
        release = "unknown"
    return f"Starhaul {release}, spectra {VERSION}"


def provenance(spectra: Sequence[Spectrum], origin: Origin) -> list[tuple[str, str]]:
    """Names and values: the file, its checksum, the converter, and each change, once."""
    told = [
        ("source_file", origin.path),
        ("source_id", f"/files/{origin.file_id}"),
        ("source_sha256", origin.sha256),
        ("publisher_did", origin.publisher_did),
        ("converter", converter()),
    ]
    changes = dict.fromkeys(note for spectrum in spectra for note in spectrum.notes)
    if spectra[0].flux_unit is None:
        written = spectra[0].flux_unit_written
        said = (
            "no flux unit" if written is None else f"the flux unit {written!r}, which is not known"
        )
        changes[f"the file states {said}; {DATA_UNIT} stands for its own data units"] = None
    return told + [("conversion", change) for change in changes]
