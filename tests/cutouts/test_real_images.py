"""Each real image and cube, cut: astropy's own pixels, and its own coordinates for each."""

import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from service.cutouts.errors import NoOverlap, NotCuttable
from service.cutouts.openings import open_image
from service.cutouts.wanted import Circle, PixelBox, Polygon, Region, Wanted
from tests.conftest import CI
from tests.cutouts.files import celestial, cut_images, same, source_of, stored

DATA = Path(__file__).parents[3] / "shared" / "data"
# Facts of the files: images without usable coordinates, and what is no image at all.
NO_SKY = ("n2hp_cube", "hips-dss2red", "hips-irac4")
NO_IMAGE = ("Moc.fits", "fpM-", "photoObj-", "psField-")
_LARGE_PACKAGE = 500_000


def _files() -> list[str]:
    """The images and cubes; packages of bzip2, a second each to unpack, but one in CI alone."""
    facts = json.loads((DATA / "facts.json").read_text()) if DATA.is_dir() else []
    suffixes = (".fits", ".fit", ".fits.gz", ".fits.bz2", ".fits.fz")
    return sorted(
        fact["file"]
        for fact in facts
        if fact["file"].startswith(("images/", "cubes/"))
        and fact["file"].endswith(suffixes)
        and (CI or fact["size"] < _LARGE_PACKAGE or not fact["file"].endswith("bz2"))
    )


def _placed(hdus: fits.HDUList) -> list[int]:
    """The HDUs with pixels and celestial coordinates, by astropy."""
    return [
        i
        for i, hdu in enumerate(hdus)
        if hdu.is_image
        and hdu.shape
        and any(str(hdu.header.get(f"CTYPE{n}"))[:2] in ("RA", "GL") for n in (1, 2))
    ]


def _agrees(path: Path, region: Region, hdus: fits.HDUList, known: dict[int, WCS]) -> list[Any]:
    """The images of a cut, after each was compared with its original, whose WCS is `known`."""
    images = cut_images(path, Wanted(region))
    for image in images:
        original = hdus[image.hdu]
        tiled = isinstance(original, fits.CompImageHDU)
        assert same(image.data, (original.section if tiled else original.data)[image.section])
        ny, nx = image.data.shape[-2:]
        x, y = np.array([0, nx - 1, 0, nx - 1, 0.3]), np.array([0, 0, ny - 1, ny - 1, 0.7])
        ys, xs = image.section[-2:]
        if image.hdu in known:
            before = known[image.hdu].all_pix2world(x + xs.start, y + ys.start, 0)
            np.testing.assert_allclose(image.world(x, y), before, rtol=0, atol=1e-9)
    return images


@pytest.mark.parametrize("name", _files())
def test_cuts_agree_with_astropy(name: str, shared: Path) -> None:
    path = shared / "data" / name
    rng = np.random.default_rng(len(name))
    with warnings.catch_warnings(), stored(path) as hdus:
        warnings.simplefilter("ignore")
        placed = _placed(hdus)
        if any(word in name for word in NO_IMAGE + NO_SKY):
            with pytest.raises(NotCuttable, match=r"no image|no celestial"):
                cut_images(path, Wanted(Circle(10, 10, 1)))
            return
        assert placed or "query_images" in name
        known = {index: celestial(hdus[index].header, hdus) for index in placed}
        for index, wcs in known.items():
            ny, nx = hdus[index].shape[-2:]
            for _ in range(3 if CI else 1):
                x, y = rng.uniform(0, nx - 1), rng.uniform(0, ny - 1)
                centre = celestial_icrs(wcs, hdus, index, x, y)
                if centre is None:
                    continue
                box = PixelBox(*centre, 7, 4)
                one = next(i for i in _agrees(path, box, hdus, known) if i.hdu == index)
                ys, xs = one.section[-2:]
                px, py = round(x), round(y)
                if "AMDX1" not in hdus[index].header:  # astropy takes the TAN beside the plate
                    assert (xs.start, xs.stop) == (max(0, px - 3), min(nx, px + 4))
                    assert (ys.start, ys.stop) == (max(0, py - 2), min(ny, py + 2))


def celestial_icrs(
    wcs: Any, hdus: fits.HDUList, index: int, x: float, y: float
) -> tuple[float, float] | None:
    """A pixel's position by astropy, in ICRS; None where there is none, or at a pixel's edge."""
    lon, lat = (float(v) for v in wcs.all_pix2world(x, y, 0))
    if not math.isfinite(lon + lat) or min(abs(x % 1 - 0.5), abs(y % 1 - 0.5)) < 1e-3:
        return None
    header = hdus[index].header
    if str(wcs.wcs.ctype[0]).startswith("GL"):
        sky = SkyCoord(lon, lat, unit="deg", frame="galactic")
    else:
        named = {k for k in ("RADESYS", "RADECSYS", "EQUINOX", "EPOCH") if k in header}
        cards = header if named else hdus[0].header
        system = str(cards.get("RADESYS", cards.get("RADECSYS", ""))).strip().lower()
        equinox = cards.get("EQUINOX", cards.get("EPOCH"))
        if not system:
            old = equinox is not None and float(equinox) < 1984
            system = "icrs" if equinox is None else "fk4" if old else "fk5"
        frame = {"fk5": "fk5", "fk4": "fk4"}.get(system, "icrs")
        sky = SkyCoord(lon, lat, unit="deg", frame=frame)
    return float(sky.icrs.ra.deg), float(sky.icrs.dec.deg)


@pytest.mark.parametrize(
    "name",
    [
        "images/panstarrs/panstarrs-g-m61.fits",
        "images/legacysurvey-coadd/legacysurvey-0959p805-image-g.fits.fz",
        "images/wcs-oddities/sip-wcs.fits",
        "images/wcs-oddities/1904-66_AZP.fits",
        "images/rosat/allsky_rosat.fits",
        "images/ukidss/image.fits",
        "images/spitzer/spitzer_example_image.fits",
        "images/decam/c4d_141029_043225_ooi_g_ls9.N26.fits",
        "cubes/l1448-13co/l1448_13co.fits",
    ],
)
def test_region_is_enclosed_and_no_more(name: str, shared: Path) -> None:
    """The rectangle of a circle and of a square is that of the pixels in it, by their centres, but
    for pixels that it touches outside their centres."""
    path = shared / "data" / name
    with warnings.catch_warnings(), stored(path) as hdus, source_of(path) as source:
        warnings.simplefilter("ignore")
        index = _placed(hdus)[0]
        known = {index: celestial(hdus[index].header, hdus)}
        with open_image(source) as opened:
            sky = next(image.sky for image in opened.images if image.hdu.index == index)
        ny, nx = hdus[index].shape[-2:]
        cx, cy = nx * 0.55, ny * 0.45
        ys, xs = np.mgrid[int(cy) - 14 : int(cy) + 15, int(cx) - 14 : int(cx) + 15]
        ra, dec = sky.icrs(xs.ravel() + 1.0, ys.ravel() + 1.0)
        here = SkyCoord(*sky.icrs(np.array([cx + 1]), np.array([cy + 1])), unit="deg")
        away = here.separation(SkyCoord(ra, dec, unit="deg")).deg.reshape(xs.shape)
        radius = float(min(away[0].min(), away[-1].min(), away[:, 0].min(), away[:, -1].min()) / 2)
        image = _agrees(path, Circle(here.ra.deg[0], here.dec.deg[0], radius), hdus, known)[0]
        within = away <= radius
        for pixels, found in ((xs, image.section[-1]), (ys, image.section[-2])):
            first, last = pixels[within].min(), pixels[within].max()
            assert first - 1 <= found.start <= first
            assert last < found.stop <= last + 2
        turns = [angle * units.deg for angle in (10, 100, 190, 280)]
        corners = [here.directional_offset_by(turn, radius * units.deg) for turn in turns]
        square = Polygon(tuple((float(c.ra.deg[0]), float(c.dec.deg[0])) for c in corners))
        inner = _agrees(path, square, hdus, known)[0]
        for a, b in zip(inner.section[-2:], image.section[-2:], strict=True):
            assert b.start <= a.start < a.stop <= b.stop


def test_region_elsewhere_has_no_overlap(shared: Path) -> None:
    path = shared / "data/images/panstarrs/panstarrs-g-m61.fits"
    for region in (Circle(5, 5, 0.1), PixelBox(5, 5, 28, 28), Circle(185.48, -4.47, 1)):
        with pytest.raises(NoOverlap, match="no pixel"):
            cut_images(path, Wanted(region))
