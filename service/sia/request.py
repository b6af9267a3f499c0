"""What /sia/query is asked for (SIA 2.0 §2.1): every parameter may be repeated, which means or."""

from dataclasses import dataclass

from service.dali.intervals import Interval, interval
from service.dali.places import Place, place
from service.dali.polarizations import polarizations
from service.errors import UsageError
from service.parameters import Parameters
from service.results.format import Format
from service.results.formats import format_named

# Parameter, the columns of ObsCore that it constrains: of two, the interval between them.
INTERVALS: dict[str, tuple[str, ...]] = {
    "BAND": ("em_min", "em_max"),
    "TIME": ("t_min", "t_max"),
    "FOV": ("s_fov",),
    "SPATRES": ("s_resolution",),
    "SPECRP": ("em_res_power",),
    "EXPTIME": ("t_exptime",),
    "TIMERES": ("t_resolution",),
}
TEXTS = {
    "COLLECTION": "obs_collection",
    "FACILITY": "facility_name",
    "INSTRUMENT": "instrument_name",
    "DPTYPE": "dataproduct_type",
    "TARGET": "target_name",
    "FORMAT": "access_format",
}
_LEVELS = ("0", "1", "2", "3", "4")


@dataclass(frozen=True, slots=True)
class SiaRequest:
    """The constraints, by parameter; of several values of one, one has to hold."""

    places: tuple[Place, ...]
    intervals: dict[str, tuple[Interval, ...]]
    texts: dict[str, tuple[str, ...]]
    identifiers: tuple[str, ...]
    polarizations: tuple[str, ...]
    levels: tuple[int, ...]
    form: Format
    maxrec: int | None


def sia_request(parameters: Parameters) -> SiaRequest:
    """Read the parameters; UsageError where one of them is wrong."""
    if parameters.many("UPLOAD") or parameters.files:
        raise UsageError("SIA takes no UPLOAD; repeat POS instead, or join the table by TAP")
    return SiaRequest(
        places=tuple(map(place, parameters.many("POS"))),
        intervals={
            name: tuple(interval(name, text) for text in parameters.many(name))
            for name in INTERVALS
        },
        texts={name: parameters.many(name) for name in TEXTS},
        identifiers=parameters.many("ID"),
        polarizations=polarizations(parameters),
        levels=tuple(int(level) for level in _known(parameters, "CALIB", _LEVELS)),
        form=format_named(parameters.single("RESPONSEFORMAT")),
        maxrec=parameters.whole_number("MAXREC"),
    )


def _known(parameters: Parameters, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    values = parameters.many(name)
    wrong = next((value for value in values if value not in known), None)
    if wrong is not None:
        raise UsageError(f"{name}={wrong[:60]!r} is not known; use one of {', '.join(known)}")
    return values
