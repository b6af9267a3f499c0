"""Space motion and reference frames (UDF catalogue 1.2 §2.2), and the six parameters of motion."""

from collections.abc import Sequence

from adql.functions.declaration import BadArgument, UserFunction, call, literal
from adql.functions.frames import FRAMES, frame_named, rotation
from adql.sql import Sql
from adql.translation import Parameter

_MOTION = (
    ("ra", "DOUBLE"),
    ("dec", "DOUBLE"),
    ("parallax", "DOUBLE"),
    ("pmra", "DOUBLE"),
    ("pmdec", "DOUBLE"),
    ("radialVelocity", "DOUBLE"),
    ("refEpoch", "DOUBLE"),
    ("outEpoch", "DOUBLE"),
)
_UNITS = (
    "Units are deg, deg, mas, mas/yr (pmra with the factor cos(dec)), mas/yr, km/s; epochs are "
    "Julian years. NULL as proper motion or radial velocity is 0, as parallax an infinite "
    "distance; as ra, dec or epoch it is an error."
)


def _rotated(arguments: Sequence[Sql]) -> Sql:
    frames: list[str] = []
    for index, argument in enumerate(arguments[:2]):
        name = literal(argument)
        if not isinstance(name, str):
            raise BadArgument(index, f"write a frame between quotes: {_named()}")
        frame = frame_named(name)
        if frame is None:
            message = f"'{name[:40]}' is no frame known here: write {_named()}"
            raise BadArgument(index, message)
        frames.append(frame)
    matrix = rotation(*frames)
    cells = Parameter(tuple(cell for row in matrix for cell in row), "double precision[]")
    return ("starhaul.rotated(", arguments[2], ", ", cells, ")")


def _named() -> str:
    return ", ".join(f"'{frame}'" for frame in FRAMES)


ASTROMETRY = (
    UserFunction(
        "ivo_epoch_prop_pos",
        _MOTION,
        "POINT",
        "Where an object is at outEpoch that moves uniformly along a straight line in space. "
        + _UNITS,
        call("starhaul.epoch_prop_pos"),
    ),
    UserFunction(
        "sh_epoch_prop",
        _MOTION,
        "DOUBLE[]",
        "The six parameters at outEpoch of an object that moves uniformly along a straight line "
        "in space. " + _UNITS,
        call("starhaul.epoch_prop"),
    ),
    *(
        UserFunction(
            "ivo_geom_transform",
            (("fromSys", "VARCHAR"), ("toSys", "VARCHAR"), ("geo", shape)),
            shape,
            f"A geometry in another reference frame. Frames, as literals: {_named()}. "
            "FK4 is of B1950.0 without the elliptic terms of aberration; FK5 and ECLIPTIC are of "
            "J2000.0.",
            _rotated,
            frame=1,
        )
        for shape in ("POINT", "CIRCLE", "POLYGON", "REGION")
    ),
)
