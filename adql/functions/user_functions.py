"""The registry of user-defined functions: those of the IVOA's catalogue and our own.

Names of the catalogue (Endorsed Note "Catalogue of ADQL User Defined Functions" 1.2) begin with
`ivo_` and mean what it says; ours begin with `sh_`. What is declared in the modules beside this one
is known to the parser, the type checker and the capabilities, and listed in docs/functions.md.
"""

from adql.functions.astrometry import ASTROMETRY
from adql.functions.conveniences import CONVENIENCES
from adql.functions.declaration import UserFunction
from adql.functions.healpix import HEALPIX
from adql.functions.regions import REGIONS
from adql.functions.statistics import STATISTICS
from adql.functions.texts import TEXTS
from adql.functions.times import TIMES

THEMES: dict[str, tuple[UserFunction, ...]] = {
    "HEALPix": HEALPIX,
    "Astrometry": ASTROMETRY,
    "Regions": REGIONS,
    "Dates": TIMES,
    "Text": TEXTS,
    "Statistics": STATISTICS,
    "Intervals, angles, choices, mathematics": CONVENIENCES,
}
_ALL = tuple(f for theme in THEMES.values() for f in theme)

USER_FUNCTIONS: dict[str, tuple[UserFunction, ...]] = {
    f.name: tuple(g for g in _ALL if g.name == f.name) for f in _ALL
}


def describe() -> tuple[tuple[str, str], ...]:
    """Signature and description of every form (TAPRegExt 1.0 §2.3, features-udf)."""
    return tuple((f.signature, f.description) for f in _ALL)
