"""What /ssap is asked for (SSAP 1.1 §4.1)."""

import re
from dataclasses import dataclass
from functools import partial

from adql.sky.shapes import Circle
from service.errors import UsageError
from service.parameters import Parameters
from service.ssap.bands import Band, band
from service.ssap.formats import Wanted, wanted
from service.ssap.moments import moments
from service.ssap.places import circle
from service.ssap.ranges import Range, at, limit, listed, one_range, ranged

VERSION = "1.1"
# Of the three levels of a version ("1.04" is 1.0.4), the first two have to be ours (§8.2).
_VERSIONS = re.compile(r"1(\.[01]\d*)?", re.ASCII)
# Accepted and not used: nothing here is extracted on demand, and no variability is known.
UNUSED = ("APERTURE", "VARAMPL")
_CALIBRATIONS = ("any", "relative", "absolute", "normalized")


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a spectrum has to satisfy; None and () ask for nothing.

    Times are MJD of UTC, resolutions degrees and seconds. `flux` and `wave` are least levels of
    calibration. `collection` is a part of a name, `classes` are in lower case.
    """

    circle: Circle | None = None
    band: Band | None = None
    times: tuple[Range, ...] = ()
    resolving_power: Range | None = None
    space_resolution: Range | None = None
    time_resolution: Range | None = None
    snr: Range | None = None
    redshift: Range | None = None
    target: str | None = None
    classes: tuple[str, ...] = ()
    flux: str = "any"
    wave: str = "any"
    publisher_did: str | None = None
    creator_did: str | None = None
    collection: str | None = None
    modified: Range | None = None


@dataclass(frozen=True, slots=True)
class SsapRequest:
    """One request. `top` is how many of the best to list, `maxrec` after how many rows to say that
    there are more; `unused` are the parameters that were given and are not used."""

    constraints: Constraints
    wanted: Wanted
    top: int | None
    maxrec: int | None
    unused: tuple[str, ...]


def ssap_request(parameters: Parameters, *, default_maxrec: int | None) -> SsapRequest:
    """Read the parameters; UsageError where one of them is wrong."""
    _check_operation(parameters)
    formats = wanted(parameters.single("FORMAT"))
    if formats.metadata:
        # All others are ignored then (SSAP 1.1 §6.1).
        return SsapRequest(Constraints(), formats, None, None, ())
    maxrec = parameters.whole_number("MAXREC")
    parameters.flag("COMPRESS")  # files are sent as they are, which it allows
    return SsapRequest(
        constraints=_constraints(parameters),
        wanted=formats,
        top=parameters.whole_number("TOP"),
        maxrec=default_maxrec if maxrec is None else maxrec,
        unused=tuple(name for name in UNUSED if parameters.many(name)),
    )


def _check_operation(parameters: Parameters) -> None:
    request = parameters.single("REQUEST")
    if request is None:
        raise UsageError("REQUEST is missing; add REQUEST=queryData")
    if request.lower() != "querydata":
        raise UsageError(f"REQUEST={request[:40]!r} is not known; use queryData")
    version = parameters.single("VERSION")
    if version is not None and not _VERSIONS.fullmatch(version):
        raise UsageError(
            f"VERSION={version[:40]!r} is not a version of this service, which speaks SSAP "
            f"{VERSION} and 1.0; leave it out, or use {VERSION}"
        )


def _constraints(parameters: Parameters) -> Constraints:
    text = partial(_text, parameters)
    return Constraints(
        circle=circle(text("POS"), text("SIZE")),
        band=band(text("BAND")),
        times=_times(text("TIME")),
        resolving_power=limit("SPECRP", text("SPECRP"), least=True),
        space_resolution=limit("SPATRES", text("SPATRES"), least=False),
        time_resolution=limit("TIMERES", text("TIMERES"), least=False),
        snr=limit("SNR", text("SNR"), least=True),
        redshift=one_range("REDSHIFT", text("REDSHIFT"), at("REDSHIFT")),
        target=text("TARGETNAME"),
        classes=_classes(text("TARGETCLASS")),
        flux=_calibration("FLUXCALIB", text("FLUXCALIB"), _CALIBRATIONS),
        wave=_calibration("WAVECALIB", text("WAVECALIB"), _CALIBRATIONS[:3]),
        publisher_did=text("PUBDID"),
        creator_did=text("CREATORDID"),
        collection=text("COLLECTION"),
        modified=one_range("MTIME", text("MTIME"), moments("MTIME")),
    )


def _text(parameters: Parameters, name: str) -> str | None:
    """The value of a parameter as PostgreSQL can hold it: its text has no NUL."""
    value = parameters.single(name)
    return None if value is None else value.replace("\0", "\ufffd").strip() or None


def _times(text: str | None) -> tuple[Range, ...]:
    if text is None:
        return ()
    items, qualifier = listed("TIME", text)
    if (qualifier or "UTC").upper() != "UTC":
        raise UsageError(f"TIME: the time scale {(qualifier or '')[:40]!r} is not known; use UTC")
    return tuple(ranged("TIME", item, moments("TIME")) for item in items)


def _classes(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    return tuple(word for item in text.split(",") if (word := item.strip().lower()))


def _calibration(name: str, text: str | None, known: tuple[str, ...]) -> str:
    level = (text or "any").lower()
    if level not in known:
        raise UsageError(f"{name}={level[:40]!r} is not known; use one of {', '.join(known)}")
    return level
