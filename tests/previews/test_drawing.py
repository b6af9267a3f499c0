"""Pictures and plots of any shape and any values."""

import io
import re
import resource
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from astropy.io import fits as pyfits
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from service.ingest.fits import Bytes, open_fits
from service.previews.axes import axis, bounds
from service.previews.chart import Curve, chart, thumbnail
from service.previews.drawable import Undrawable
from service.previews.picture import picture
from service.previews.plane import read_plane, view_of
from tests.previews.files import SKY, image_bytes, sky

CUBE = {
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CTYPE3": "FREQ",
    "CUNIT3": "Hz",
    "CRVAL3": 1e9,
    "CDELT3": 1e6,
}
DTYPES = (np.uint8, np.int16, np.int32, np.int64, np.float32, np.float64)


def _plane(content: bytes, kind: str = "image", most: int = 512) -> NDArray[np.float64]:
    view = view_of(open_fits("x.fits", Bytes(content)), kind)
    return read_plane(io.BytesIO(content), view, most)


@given(
    st.data(),
    st.sampled_from(DTYPES),
    arrays.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=40),
)
def test_images_of_any_shape_and_values(
    data: st.DataObject, dtype: type, shape: tuple[int, ...]
) -> None:
    pixels = data.draw(arrays.arrays(dtype, shape[-2:]))
    content = image_bytes(np.broadcast_to(pixels, (*(1 for _ in shape[:-2]), *shape[-2:])).copy())
    plane = _plane(content, most=16)
    try:
        drawn = picture(plane, 128)
    except Undrawable:
        assert not np.isfinite(pixels.astype(float)).any()
        return
    assert 64 < max(drawn.size) <= 128
    assert min(drawn.size) >= max(drawn.size) // 8


def test_blocks_are_averaged_where_they_have_values() -> None:
    pixels = np.arange(40 * 60, dtype=np.float32).reshape(40, 60)
    pixels[:6, :6] = np.nan
    pixels[7, 7] = np.inf
    plane = _plane(image_bytes(pixels), most=10)
    assert plane.shape == (6, 10)  # of squares, and rows that fill none are left out
    assert np.isnan(plane[0, 0])
    known = np.where(np.isfinite(pixels), pixels, np.nan)
    expected = np.nanmean(known[:36].reshape(6, 6, 10, 6)[1:, :, 1:], axis=(1, 3))
    np.testing.assert_allclose(plane[1:, 1:], expected, rtol=1e-6)


@pytest.mark.parametrize("spectral", [1, 2, 3])
def test_a_cube_is_averaged_along_its_spectral_axis(spectral: int) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(7, 20, 30)).astype(np.float32)
    content = np.moveaxis(values, 0, 3 - spectral)
    hdu = pyfits.PrimaryHDU(np.ascontiguousarray(content))
    others = [n for n in (1, 2, 3) if n != spectral]
    for old, new in zip((1, 2, 3), (*others, spectral), strict=True):
        for card in ("CTYPE", "CUNIT", "CRVAL", "CDELT"):
            if f"{card}{old}" in (CUBE | SKY):
                hdu.header[f"{card}{new}"] = (SKY | CUBE)[f"{card}{old}"]
    target = io.BytesIO()
    hdu.writeto(target)
    np.testing.assert_allclose(
        _plane(target.getvalue(), "cube"), values.mean(axis=0), rtol=1e-4, atol=1e-6
    )


def test_pixels_are_scaled_and_blanks_are_none() -> None:
    hdu = pyfits.PrimaryHDU(np.array([[0, 1], [2, -99]], dtype=np.int16))
    hdu.header.update(SKY | {"BSCALE": 2.0, "BZERO": 10.0, "BLANK": -99})
    target = io.BytesIO()
    hdu.writeto(target)
    np.testing.assert_array_equal(_plane(target.getvalue()), [[10, 12], [14, np.nan]])


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """100 MB of pixels, of which no more than a few bands are held."""
    header = pyfits.PrimaryHDU(np.zeros((2, 2), np.float32)).header
    header.update(SKY | {"NAXIS1": 5000, "NAXIS2": 5000})
    row = np.arange(5000, dtype=">f4").tobytes()
    with (tmp_path / "mosaic.fits").open("wb") as file:
        file.write(header.tostring().encode())
        for _ in range(5000):
            file.write(row)
        file.write(bytes(-file.tell() % 2880))
    _plane(image_bytes(sky()))  # whatever is allocated once
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (tmp_path / "mosaic.fits").open("rb") as stream:
        view = view_of(open_fits("mosaic.fits", _Stream(stream)), "image")
        plane = read_plane(stream, view, 512)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 90_000  # kB
    assert plane.shape == (555, 555)
    np.testing.assert_allclose(plane[77], np.arange(555) * 9 + 4)


class _Stream:
    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self.size = stream.seek(0, io.SEEK_END)

    def read(self, offset: int, count: int) -> bytes:
        self._stream.seek(offset)
        return self._stream.read(count)


def _curve(x: NDArray[np.float64], y: NDArray[np.float64], *, dots: bool = False) -> Curve:
    return Curve([(x, y)], "Time & <tide>", "d", "Flux", "Jy", "A curve", dots=dots)


@given(
    st.integers(1, 300).flatmap(
        lambda n: st.tuples(arrays.arrays(float, n), arrays.arrays(float, n))
    ),
    st.booleans(),
)
@example((np.array([0.01, 1.0]), np.array([1.0, 1.0])), False)
def test_curves_of_any_values(
    points: tuple[NDArray[np.float64], NDArray[np.float64]], dots: bool
) -> None:
    x, y = (np.where(np.abs(v) < 1e300, v, np.nan) for v in points)
    try:
        drawings = [chart(_curve(x, y, dots=dots)), thumbnail(_curve(x, y, dots=dots))]
    except Undrawable:
        assert not (np.isfinite(x) & np.isfinite(y)).any()
        return
    for drawing in drawings:
        ElementTree.fromstring(drawing)
        assert b"nan" not in drawing
        assert b"inf" not in drawing


def test_a_line_of_one_point_among_a_million_is_seen() -> None:
    x = np.linspace(4000, 9000, 1_000_000)
    y = np.random.default_rng(4).normal(1, 0.1, x.size)
    y[777_000:777_010] = 9.0
    drawing = chart(_curve(x, y)).decode()
    assert len(drawing) < 50_000
    assert bounds(y)[1] > 9
    data = drawing.split('class="curve" d="')[1].split('"')[0]
    columns = re.findall(r"[ML]([\d.]+) ([\d.]+)(?:V([\d.]+))?", data)
    tops = [float(x) for x, *ends in columns if min(float(y) for y in ends if y) < 60]
    assert all(abs((top - 92) / 902 - 0.777) < 0.01 for top in tops)
    assert tops


@given(st.floats(-1e12, 1e12), st.floats(0, 1e12), st.integers(-30, 30), st.integers(3, 10))
def test_axes_have_round_numbers_inside(low: float, span: float, power: int, most: int) -> None:
    scale = axis(low * 10.0**power, (low + span) * 10.0**power, most)
    assert scale.low < scale.high
    assert len(scale.ticks) <= most + 1
    places = [place for place, _ in scale.ticks]
    slack = 1e-3 * (scale.high - scale.low)  # beside a large number a small range is rounded
    assert all(scale.low - slack <= place <= scale.high + slack for place in places)
    texts = [text for _, text in scale.ticks]
    assert len(set(texts)) == len(texts) or scale.high - scale.low < 1e-9 * abs(scale.high)
