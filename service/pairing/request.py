"""What a job with UPLOAD asks for, read from its parameters before it exists."""

import difflib
from dataclasses import dataclass
from typing import Literal, cast, get_args

from service import naming
from service.errors import UsageError
from service.pairing.bands import Band, bands_of
from service.pairing.sizes import Size, size_of
from service.parameters import Parameters
from service.uploads.request import Upload, wanted_uploads

Match = Literal["all", "best", "per-band"]
Best = Literal["centre", "depth", "band"]

# The parameters of the package, and what /bulk calls them.
PACKAGING = {"PACKAGE": "RESPONSEFORMAT", "PART_SIZE": "PART_SIZE"}
_PACKAGES = ("tar", "zip")
_POSITIONAL = ("POS", "CIRCLE", "POLYGON", "TIME", "POL", "ID")
_DEFAULT_NAMES = {
    "all": "{block}/{row}-{id}-{band}-{stem}.fits",
    "best": "{block}/{row}-{id}-{band}.fits",
    "per-band": "{block}/{row}-{id}-{band}.fits",
}


@dataclass(frozen=True, slots=True)
class PairingRequest:
    """A table of what is wanted, and what holds for each row of it that says nothing else.

    `match`: which images of those that hold a position; `best`: what the best of them is.
    """

    upload: Upload
    size: Size | None
    bands: tuple[Band, ...]
    collections: tuple[str, ...]
    match: Match
    best: Best
    naming: naming.Template


def pairing_request(parameters: Parameters) -> PairingRequest:
    """Read the parameters; UsageError where one of them is wrong."""
    uploads = wanted_uploads(parameters)
    if len(uploads) != 1:
        raise UsageError(
            f"UPLOAD names {len(uploads)} tables; give one, of which each row is a cutout"
        )
    for name in _POSITIONAL:
        if parameters.many(name):
            raise UsageError(
                f"{name} and UPLOAD exclude each other: the rows of the table say where to cut; "
                f"leave {name} out, or UPLOAD"
            )
    size = parameters.single("SIZE")
    match = cast(Match, _one_of(parameters, "MATCH", get_args(Match), "all"))
    best = cast(Best, _one_of(parameters, "BEST", get_args(Best), "centre"))
    bands = tuple(band for text in parameters.many("BAND") for band in bands_of(text, "BAND"))
    _one_of(parameters, "PACKAGE", _PACKAGES, "tar")
    return PairingRequest(
        upload=uploads[0],
        size=None if size is None else size_of(size),
        bands=bands,
        collections=parameters.many("COLLECTION"),
        match=match,
        best=best,
        naming=naming.template(parameters.single("NAMING") or _DEFAULT_NAMES[match]),
    )


def _one_of(parameters: Parameters, name: str, known: tuple[str, ...], usual: str) -> str:
    given = parameters.single(name)
    if given is None:
        return usual
    if given.lower() not in known:
        near = difflib.get_close_matches(given.lower(), known, 1)
        hint = f"did you mean {near[0]}?" if near else f"use {' or '.join(known)}"
        raise UsageError(f"{name}={given[:40]!r} is not known; {hint}")
    return given.lower()
