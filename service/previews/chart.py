"""Curves as SVG: axes with round numbers, light and dark, a description for those who see neither.

Where a column of the drawing holds several points it shows the range of all of them, so that a
narrow line among a million points is not lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from service.previews.axes import Axis, Values, axis, bounds, decades
from service.previews.drawable import Undrawable

_WIDTH, _HEIGHT = 1024, 512
_LEFT, _RIGHT, _TOP, _BOTTOM = 92, 30, 18, 72
_SMALL_WIDTH, _SMALL_HEIGHT = 128, 64
_MOST_DOTS = 3000
_GAP = 12  # columns without a point where a line is broken
_WIDE = 50.0  # ranges of x that span more than this factor are logarithmic


@dataclass(frozen=True, slots=True)
class Curve:
    """`parts` are drawn one over the other, each as x and y of one length; a y of NaN is no point.

    `described` says in words what is seen. `dots`: the points are not joined. `scale`: values of y
    that are to be seen whole; None: all.
    """

    parts: Sequence[tuple[Values, Values]]
    x_name: str
    x_unit: str
    y_name: str
    y_unit: str
    described: str
    dots: bool = False
    scale: Values | None = None


@dataclass(frozen=True, slots=True)
class _Frame:
    left: int
    top: int
    width: int
    height: int
    x: Axis
    y: Axis


def chart(curve: Curve) -> bytes:
    """The drawing with its axes; Undrawable where no point has both values."""
    curve, x, y = _scaled(curve)
    frame = _Frame(_LEFT, _TOP, _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM, x, y)
    text = _template().render(
        width=_WIDTH,
        height=_HEIGHT,
        frame=frame,
        described=curve.described,
        dots=curve.dots,
        paths=_paths(curve, frame),
        x_ticks=[(round(_across(frame, np.array(v)).item(), 1), label) for v, label in x.ticks],
        y_ticks=[(round(_down(frame, np.array(v)).item(), 1), label) for v, label in y.ticks],
        x_label=_label(curve.x_name, curve.x_unit, x),
        y_label=_label(curve.y_name, curve.y_unit, y),
    )
    return text.encode()


def thumbnail(curve: Curve) -> bytes:
    """The curve alone, small."""
    curve, x, y = _scaled(curve)
    frame = _Frame(2, 2, _SMALL_WIDTH - 4, _SMALL_HEIGHT - 4, x, y)
    text = _template().render(
        width=_SMALL_WIDTH,
        height=_SMALL_HEIGHT,
        frame=frame,
        described=curve.described,
        dots=curve.dots,
        paths=_paths(curve, frame),
        x_ticks=[],
        y_ticks=[],
        x_label="",
        y_label="",
    )
    return text.encode()


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("service.previews"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("chart.svg")


def _scaled(curve: Curve) -> tuple[Curve, Axis, Axis]:
    """What is drawn along which axes; of a wide range of x the logarithms of both."""
    known = [np.isfinite(x) & np.isfinite(y) for x, y in curve.parts]
    shown = [x[good] for (x, _), good in zip(curve.parts, known, strict=True)]
    if not any(each.size for each in shown):
        raise Undrawable("no point of it has both coordinates")
    low, high = min(e.min() for e in shown if e.size), max(e.max() for e in shown if e.size)
    values = np.concatenate([y[good] for (_, y), good in zip(curve.parts, known, strict=True)])
    if low <= 0 or high / low < _WIDE or np.percentile(values, 2) <= 0:
        scale = values if curve.scale is None else curve.scale
        return curve, axis(float(low), float(high), 9), axis(*bounds(scale), 6)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [(np.log10(x), np.log10(y)) for x, y in curve.parts]
        scale = np.log10(values)
    across = decades(float(np.log10(low)), float(np.log10(high)))
    return replace(curve, parts=parts), across, decades(*bounds(scale))


def _label(name: str, unit: str, scale: Axis) -> str:
    units = " ".join(each for each in (scale.factor(), unit) if each)
    return f"{name} ({units})" if units else name


def _across(frame: _Frame, values: Values) -> Values:
    return frame.left + frame.width * frame.x.part(values)


def _down(frame: _Frame, values: Values) -> Values:
    """Far outside of the frame all is one, and SVG's numbers stay small."""
    part = np.clip(frame.y.part(values), -1.0, 2.0)
    return np.asarray(frame.top + frame.height * (1 - part))


def _paths(curve: Curve, frame: _Frame) -> list[str]:
    found = []
    for x, y in curve.parts:
        known = np.isfinite(x) & np.isfinite(y)
        order = np.argsort(x[known], kind="stable")
        across, down = _across(frame, x[known][order]), _down(frame, y[known][order])
        if not across.size:
            continue
        if curve.dots and across.size <= _MOST_DOTS:
            found.append("".join(f"M{a:.1f} {d:.1f}h0" for a, d in zip(across, down, strict=True)))
        else:
            found.append(_envelope(across, down, joined=not curve.dots))
    return found


def _envelope(across: Values, down: Values, *, joined: bool) -> str:
    """Path data through the range of values of each column; columns may be one point."""
    if across.size > across[-1] - across[0]:
        columns, first = np.unique(np.floor(across).astype(int), return_index=True)
        high, low = np.minimum.reduceat(down, first), np.maximum.reduceat(down, first)
        places = columns + 0.5
        step = float(_GAP)
    else:
        places, high, low = across, down, down
        step = max(_GAP, 5 * float(np.median(np.diff(across))) if across.size > 1 else _GAP)
    data, at, before = [], 0.0, -np.inf
    for place, top, bottom in zip(places.tolist(), high.tolist(), low.tolist(), strict=True):
        begin, end = (top, bottom) if abs(at - top) <= abs(at - bottom) else (bottom, top)
        move = "M" if not joined or place - before > step else "L"
        data.append(f"{move}{place:.1f} {begin:.1f}")
        data.append(f"V{end:.1f}" if end != begin else "h0" if move == "M" else "")
        at, before = end, place
    return "".join(data)
