"""Every real file that is drawn looks like something: shape, contrast, ink."""

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from astropy.io import fits as pyfits
from PIL import Image

from service.ingest.facts import Refusal
from service.ingest.fits import Bytes, open_fits, unpack
from service.ingest.readers import read_facts
from service.previews.drawable import LARGE, MEDIA_TYPES, PNG, SMALL, Drawable, TooSlow
from service.previews.drawing import drawn
from service.storage.state import state_of
from tests.conftest import CI, ROOT, absent

DATA = ROOT.parent / "shared" / "data"
FOLDERS = ("images", "cubes", "timeseries", "spectra")
# Catalogues, coverage maps, the correlation functions of HARPS.
NOT_DRAWN = ("Moc.fits", "fpM-", "photoObj-", "psField-", "_bis_", "_ccf_")
SVG = "{http://www.w3.org/2000/svg}"


def _files() -> list[str]:
    """All of them; at small scale the smallest of each folder."""
    found: list[str] = []
    for kind in FOLDERS:
        for folder in sorted({path.parent for path in (DATA / kind).rglob("*.fit*")}):
            files = sorted(folder.glob("*.fit*"), key=lambda path: path.stat().st_size)
            found += [str(path.relative_to(DATA)) for path in (files if CI else files[:1])]
    return found


FILES = _files()


def test_the_files_are_there() -> None:
    if not FILES:
        absent("no ../shared/data beside the repository")
    assert len(FILES) > 40


def _drawable(path: str) -> Drawable | None:
    """The file as ingest would have it; None where it stays outside, or is of another kind."""
    data = unpack((DATA / path).read_bytes())
    try:
        reader, facts = read_facts(open_fits(path, Bytes(data), root=str(DATA)))
    except Refusal:
        return None
    kind = facts.dataproduct_type
    if kind not in MEDIA_TYPES:
        return None
    state = state_of((DATA / path).stat())
    return Drawable(1, str(DATA), path, state, b"", str(kind), reader, {}, closed=False)


@pytest.mark.parametrize("path", FILES)
def test_a_real_file(path: str, tmp_path: Path) -> None:
    drawable = _drawable(path)
    if drawable is None:
        assert any(word in path for word in NOT_DRAWN)
        return
    pictures = drawn(drawable, tmp_path, 60)
    assert set(pictures) == {LARGE, SMALL}
    if drawable.media_type == PNG:
        _check_picture(path, pictures)
    else:
        _check_plot(pictures)


def test_reading_ends_when_its_time_is_up(tmp_path: Path) -> None:
    """A thread cannot be ended from outside: it would go on where nobody waits for it."""
    for path in ("spectra/sdss/spec-0411-51817-0119.fits", "images/2mass-aplpy/2MASS_h.fits.gz"):
        drawable = _drawable(path)
        assert drawable is not None
        with pytest.raises(TooSlow, match="takes too long"):
            drawn(drawable, tmp_path, -1)
    assert list(tmp_path.iterdir()) == []


def _sides(path: str) -> list[set[int]]:
    """The lengths of the axes of every image in a file, as astropy reads it."""
    with pyfits.open(DATA / path) as hdus:
        return [set(hdu.shape) for hdu in hdus if hdu.is_image and hdu.shape]


def _check_picture(path: str, pictures: dict[int, bytes]) -> None:
    large, small = (Image.open(io.BytesIO(pictures[size])) for size in (LARGE, SMALL))
    assert LARGE / 2 < max(large.size) <= LARGE
    assert SMALL / 2 < max(small.size) <= SMALL
    ratio = large.width / large.height
    assert any(
        abs(wide / high / ratio - 1) < 0.02
        for sides in _sides(path)
        for wide in sides
        for high in sides
    )
    with pyfits.open(DATA / path) as hdus:
        values = [np.unique(hdu.data).size for hdu in hdus if hdu.is_image and hdu.shape]
    grey = np.asarray(large.convert("LA"))[..., 0]
    assert grey.std() > 3 or min(values) == 1


def _check_plot(pictures: dict[int, bytes]) -> None:
    large, small = (ElementTree.fromstring(pictures[size]) for size in (LARGE, SMALL))
    assert len(pictures[LARGE]) < 100_000
    assert len(pictures[SMALL]) < 10_000
    assert len(large.findall(f"{SVG}text")) >= 6
    assert small.findall(f"{SVG}text") == []
    names = [str(each.text) for each in large.iterfind(f"{SVG}text[@class]")]
    assert any(name.startswith(("Wavelength", "Frequency", "Time", "Energy")) for name in names)
    for drawing, height in ((large, 512), (small, 64)):
        data = "".join(str(path.get("d")) for path in drawing.iterfind(f"{SVG}g/{SVG}path"))
        heights = [float(y) for y in re.findall(r"(?:[ML][\d.]+ |V)(-?[\d.]+)", data)]
        assert len(heights) > 20 or max(heights) - min(heights) > 0.5 * height
        assert max(heights) - min(heights) > 0.05 * height
