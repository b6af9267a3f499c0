"""Small files of every kind that is drawn, and of those that cannot be."""

import bz2
import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

WIDE, HIGH = 300, 200
SLOW = "slow.fits.bz2"
SKY = {
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRVAL1": 150.0,
    "CRVAL2": 2.0,
    "CRPIX1": 1.0,
    "CRPIX2": 1.0,
    "CDELT1": -1e-4,
    "CDELT2": 1e-4,
    "RADESYS": "ICRS",
}


def sky(wide: int = WIDE, high: int = HIGH, star: tuple[int, int] = (40, 160)) -> NDArray[Any]:
    """Noise, and a star at (x, y) from the lower left."""
    y, x = np.mgrid[:high, :wide]
    noise = np.random.default_rng(1).normal(100, 5, (high, wide))
    light = 5000 * np.exp(-((x - star[0]) ** 2 + (y - star[1]) ** 2) / 18)
    return np.asarray(noise + light, dtype=np.float32)


def image_bytes(pixels: NDArray[Any], **cards: Any) -> bytes:
    """An image with celestial coordinates."""
    hdu = fits.PrimaryHDU(pixels)
    hdu.header.update(SKY | cards)
    target = io.BytesIO()
    hdu.writeto(target)
    return target.getvalue()


def _tiled(pixels: NDArray[Any]) -> bytes:
    hdu = fits.CompImageHDU(pixels, fits.Header(SKY), compression_type="GZIP_1")
    target = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(target)
    return target.getvalue()


def _light_curve(rows: int = 500) -> bytes:
    time = np.linspace(100.0, 130.0, rows)
    columns = [
        fits.Column("TIME", "D", unit="d", array=time),
        fits.Column("FLUX", "E", unit="e-/s", array=1000 + 10 * np.sin(time)),
        fits.Column("QUALITY", "J", array=np.arange(rows) % 50 == 7),
    ]
    target = io.BytesIO()
    table = fits.BinTableHDU.from_columns(columns)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(target)
    return target.getvalue()


def write_files(folder: Path) -> None:
    """Write all of them."""
    folder.mkdir()
    broken = bytearray(_tiled(sky()))
    broken[-4000:-2880] = bytes(1120)
    noise = np.random.default_rng(2).integers(0, 4096, (1500, 2000)).astype(np.int16)
    contents = {
        "star.fits": image_bytes(sky()),
        "packed.fits.gz": gzip.compress(image_bytes(sky(100, 100, (20, 30)))),
        "tiled.fits": _tiled(sky(400, 100, (300, 20))),
        "broken.fits": bytes(broken),
        "blank.fits": image_bytes(np.full((20, 20), np.nan, np.float32)),
        "flat.fits": image_bytes(np.full((20, 20), 7.0, np.float32)),
        "changing.fits": image_bytes(sky(64, 64, (10, 10))),
        "damaged.fits": image_bytes(sky(64, 64, (50, 10))),
        "closed.fits": image_bytes(sky(64, 64, (50, 50))),
        "crowded.fits": image_bytes(sky(64, 64, (30, 30))),
        "once.fits": image_bytes(sky(128, 128, (5, 5))),
        "curve.fits": _light_curve(),
        SLOW: bz2.compress(image_bytes(noise)),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
