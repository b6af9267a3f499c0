"""What was asked for, in words: for the header of a product."""

from service.cutouts.wanted import Circle, Interval, PixelBox, Polygon, Range, Wanted


def asked(wanted: Wanted) -> str:
    """In the syntax of SODA's parameters where it has one."""
    parts = []
    region = wanted.region
    if isinstance(region, Circle):
        parts.append(f"CIRCLE={region.ra!r} {region.dec!r} {region.radius!r}")
    elif isinstance(region, Range):
        sides = (region.ra_min, region.ra_max, region.dec_min, region.dec_max)
        parts.append("POS=RANGE " + " ".join(map(_number, sides)))
    elif isinstance(region, Polygon):
        corners = (f"{ra!r} {dec!r}" for ra, dec in region.vertices)
        parts.append("POLYGON=" + " ".join(corners))
    elif isinstance(region, PixelBox):
        parts.append(f"{region.width} x {region.height} pixels around {region.ra!r} {region.dec!r}")
    for name, interval in (("BAND", wanted.band), ("TIME", wanted.time)):
        if interval is not None:
            parts.append(f"{name}={_interval(interval)}")
    parts += [f"POL={state}" for state in wanted.pol]
    return ", ".join(parts) or "everything"


def _interval(interval: Interval) -> str:
    return " ".join(map(_number, interval))


def _number(value: float) -> str:
    return repr(value).replace("inf", "Inf").replace("+Inf", "Inf")
