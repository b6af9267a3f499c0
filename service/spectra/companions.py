"""Which column or image holds the errors of a flux, and which its flags: by utype, UCD, name."""

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

Uncertainty: TypeAlias = Literal["error", "variance", "ivar"]

_IVAR = ("IVAR", "INVVAR", "INVVARIANCE", "FLUX_IVAR", "IVAR_FLUX", "WEIGHT_IVAR")
_ERROR = (
    "ERR",
    "ERROR",
    "FLUX_ERROR",
    "FLUX_ERR",
    "ERR_FLUX",
    "ERROR_FLUX",
    "FLUXERR",
    "FLUXERROR",
    "FLUX_SIGMA",
    "FLUX_SIG",
    "FLUX_UNC",
    "FLUX_UNCERTAINTY",
    "STATERROR",
    "STAT_ERROR",
    "STDEV",
    "STDDEV",
    "STD",
    "SIGMA",
    "SIG",
    "UNC",
    "UNCERT",
    "UNCERTAINTY",
    "NOISE",
    "DFLUX",
    "D_FLUX",
    "DFLAM",
    "E_FLUX",
    "EFLUX",
    "ERRDATA",
    "ERR_CAL",
    "RMS",
)
_VARIANCE = ("VAR", "VARIANCE", "FLUX_VAR", "FLUX_VARIANCE", "VARDATA")
_FLAGS = (
    "QUALITY",
    "QUAL",
    "DQ",
    "DATAQUAL",
    "DQ_FLAGS",
    "AND_MASK",
    "ANDMASK",
    "MASK",
    "FLAG",
    "FLAGS",
    "QUALDATA",
    "QUALDATA1",
    "OR_MASK",
    "ORMASK",
    "BPM",
    "PIXMASK",
)
_KINDS: tuple[tuple[tuple[str, ...], Uncertainty], ...] = (
    (_ERROR, "error"),
    (_IVAR, "ivar"),
    (_VARIANCE, "variance"),
)
_FLUX_WORD = re.compile(r"SPECTRUM|SPEC|FLUXDENS|FLUX|FLAM|FNU|SCIDATA|SCI|DATA|COUNTS")


def find_error(
    flux: int, names: Sequence[str], utypes: Sequence[str] = (), ucds: Sequence[str] = ()
) -> tuple[int, Uncertainty] | None:
    """The place in `names` of what is uncertain in the flux at `flux`, and as what it is given.

    What is named after the flux itself (FLUX_REDUCED: ERR_REDUCED; its utype; its UCD after
    stat.error) comes before the usual names.
    """
    for words, kind in _KINDS:
        for word in words:
            if (at := _of_its_own(names[flux], word, names)) is not None:
                return at, kind
    own_utype = _beside(utypes[flux], "Accuracy.StatError") if utypes else ""
    if (at := _same(own_utype, utypes)) is not None:
        return at, "error"
    if ucds and ucds[flux] and (at := _same(f"stat.error;{ucds[flux]}", ucds)) is not None:
        return at, "error"
    for words, kind in _KINDS:
        for word in words:
            if (at := _place(word, names[flux], names)) is not None:
                return at, kind
    return None


def find_flags(flux: int, names: Sequence[str], utypes: Sequence[str] = ()) -> int | None:
    """The place in `names` of the flags of the flux at `flux`; None where there are none."""
    for word in _FLAGS:
        if (at := _of_its_own(names[flux], word, names)) is not None:
            return at
    if utypes and (at := _same(_beside(utypes[flux], "Quality"), utypes)) is not None:
        return at
    for word in _FLAGS:
        if (at := _place(word, names[flux], names)) is not None:
            return at
    return None


def _beside(utype: str, wanted: str) -> str:
    """The utype of another property of the same flux: spec:Data.FluxAxis.Value, ...Quality."""
    return re.sub(r"Value$", wanted, utype, flags=re.I) if "FLUXAXIS" in utype.upper() else ""


def _same(wanted: str, texts: Sequence[str]) -> int | None:
    """The place of a text, compared without case."""
    folded = [text.lower() for text in texts]
    return folded.index(wanted.lower()) if wanted and wanted.lower() in folded else None


def _of_its_own(flux: str, word: str, names: Sequence[str]) -> int | None:
    """The place of the flux's name with another word for the flux, or with the word after it.

    02_01_SPEC: 02_01_ERR; SCI FLUX: SCI ERROR; OPT_COUNTS: OPT_COUNTS_IVAR.
    """
    renamed = _FLUX_WORD.sub(word, flux, count=1)
    found = None if renamed == word else _place(renamed, flux, names)
    return _place(f"{flux}_{word}", flux, names) if found is None else found


def _place(name: str, flux: str, names: Sequence[str]) -> int | None:
    return names.index(name) if name != flux and name in names else None
