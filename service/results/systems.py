"""The coordinate and time systems that columns of this archive are in (VOTable 1.4 §3.1, §3.2)."""

import re
from dataclasses import dataclass
from typing import Literal

from adql.columns import ColumnMeta


@dataclass(frozen=True, slots=True)
class System:
    """A COOSYS or TIMESYS element; `name` is its ID in the document."""

    element: Literal["COOSYS", "TIMESYS"]
    name: str
    attributes: tuple[tuple[str, str], ...]


# Every position is kept in ICRS, every moment in UTC as seen from the telescope.
_ICRS = System("COOSYS", "icrs", (("system", "ICRS"),))
_GALACTIC = System("COOSYS", "galactic", (("system", "galactic"),))
# Geometries that a query turned out of ICRS, by their frame in http://www.ivoa.net/rdf/refframe.
_TURNED = {
    "GALACTIC": _GALACTIC,
    "SUPER_GALACTIC": System("COOSYS", "supergalactic", (("system", "supergalactic"),)),
    "FK4": System("COOSYS", "fk4", (("system", "eq_FK4"), ("equinox", "B1950"))),
    "FK5": System("COOSYS", "fk5", (("system", "eq_FK5"), ("equinox", "J2000"))),
    "ECLIPTIC": System("COOSYS", "ecliptic", (("system", "ecl_FK5"), ("equinox", "J2000"))),
}
_UTC = (("timescale", "UTC"), ("refposition", "TOPOCENTER"))
_CALENDAR = System("TIMESYS", "utc", _UTC)
_MJD = System("TIMESYS", "utc_mjd", (("timeorigin", "MJD-origin"), *_UTC))

_SHAPES = ("point", "circle", "polygon", "adql:point", "adql:region")
_MJD_UTYPE = re.compile(
    r"obscore:char\.timeaxis\.coverage\.bounds\.limits\.(start|stop)time"
    r"|ssa:char\.timeaxis\.coverage\.(bounds\.(start|stop)|location\.value)"
)


def system_of(meta: ColumnMeta) -> System | None:
    """The system that the values of a column are in; None for what is neither place nor moment.

    Days are Modified Julian Dates where ObsCore says so (ObsCore 1.1 §3.3.3), SSAP (SSAP 1.1
    §4.2.5) or xtype does.
    """
    ucd, xtype, utype = (
        text.lower() if text else "" for text in (meta.ucd, meta.xtype, meta.utype)
    )
    if meta.frame is not None:
        return _TURNED[meta.frame]
    if ucd.startswith("pos.eq") or xtype in _SHAPES:
        return _ICRS
    if ucd.startswith("pos.galactic"):
        return _GALACTIC
    if xtype == "timestamp":
        return _CALENDAR
    if xtype == "mjd" or _MJD_UTYPE.fullmatch(utype):
        return _MJD
    return None
