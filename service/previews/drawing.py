"""One file as pictures of all sizes."""

from pathlib import Path

from service.ingest.facts import Refusal
from service.ingest.fits import open_fits
from service.previews import chart, light_curve, spectrum
from service.previews.drawable import LARGE, PNG, SMALL, Drawable, Undrawable
from service.previews.opening import StreamSource, opened
from service.previews.picture import picture, png
from service.previews.plane import read_plane, view_of


def drawn(drawable: Drawable, scratch: Path, longest_s: float) -> dict[int, bytes]:
    """The picture in each of SIZES. It takes CPU time and memory, no more for a large file.

    Undrawable where the file does not allow it, TooSlow after `longest_s` of reading; Damaged where
    it is not the one that was ingested; Unavailable where its store is away.
    """
    with opened(drawable, scratch, longest_s) as source:
        if drawable.media_type == PNG:
            return _image(drawable, source)
        return _curve(drawable, source)


def _image(drawable: Drawable, source: StreamSource) -> dict[int, bytes]:
    try:
        view = view_of(open_fits(drawable.path, source, drawable.header), drawable.kind)
    except Refusal as refusal:
        raise Undrawable(str(refusal)) from refusal
    pixels = read_plane(source.stream, view, LARGE)
    return {size: png(picture(pixels, size)) for size in (LARGE, SMALL)}


def _curve(drawable: Drawable, source: StreamSource) -> dict[int, bytes]:
    try:
        file = open_fits(drawable.path, source, drawable.header)
        if drawable.kind == "spectrum":
            curve = spectrum.curve_of(file, drawable.reader)
        else:
            curve = light_curve.curve_of(file)
    except Refusal as refusal:
        raise Undrawable(str(refusal)) from refusal
    return {LARGE: chart.chart(curve), SMALL: chart.thumbnail(curve)}
