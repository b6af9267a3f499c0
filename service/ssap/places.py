"""POS and SIZE: the circle to search (SSAP 1.1 §4.1.1.1, §4.1.1.2)."""

from adql.functions.frames import FRAMES, frame_named
from adql.sky import shapes
from adql.sky.shapes import Circle
from service.errors import UsageError
from service.ssap.ranges import listed, number

DEFAULT_SIZE = 0.1
"""Diameter in degrees where SIZE is absent or 0: pointings differ by less from an object."""

REGISTERED_NAMES = {"GALACTIC": "GALACTIC_II"}
"""Frames by the names of the Spectral Data Model 1.1 and of SSA's schema for registries 1.2, where
refframe has others. Both may be asked for."""
_FRAMES_OF_NAMES = {name: frame for frame, name in REGISTERED_NAMES.items()}


def circle(position: str | None, size: str | None) -> Circle | None:
    """The circle in ICRS; None where there is no POS. UsageError where either is wrong."""
    diameter = _diameter(size)
    if position is None:
        return None
    items, qualifier = listed("POS", position)
    if len(items) != 2:
        raise UsageError(
            f"POS={position[:100]!r} is no position; write two numbers in degrees as in "
            "POS=187.28,2.05, or with a frame as in POS=289.95,64.36;GALACTIC"
        )
    longitude, latitude = (number("POS", item) for item in items)
    name = qualifier or "ICRS"
    frame = frame_named(_FRAMES_OF_NAMES.get(name.upper(), name))
    if frame is None:
        raise UsageError(
            f"POS: the reference frame {name[:40]!r} is not known; use one of {', '.join(FRAMES)}"
        )
    if not -180 <= longitude <= 360:
        raise UsageError(f"POS: the longitude {longitude:g} is outside 0 to 360 degrees")
    if not -90 <= latitude <= 90:
        raise UsageError(f"POS: the latitude {latitude:g} is outside -90 to 90 degrees")
    found = shapes.from_frame(Circle(shapes.point(longitude, latitude), diameter / 2), frame)
    assert isinstance(found, Circle)
    return found


def _diameter(text: str | None) -> float:
    if text is None:
        return DEFAULT_SIZE
    diameter = number("SIZE", text)
    if not 0 <= diameter <= 360:
        raise UsageError(
            f"SIZE={text[:40]!r} is outside 0 to 360; it is the diameter of the circle in degrees"
        )
    return diameter or DEFAULT_SIZE
