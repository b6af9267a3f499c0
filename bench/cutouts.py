"""Cuts of 28 x 28 pixels per second, each with its header, and the bytes that are read for one.

From one image of 3600 x 3600 pixels, plain and tile-compressed, and from many files, each opened
for one cut. The floor of plain images is a slice of a numpy memmap and the write of its header by
astropy; of tiles, astropy's codec on the same tiles, without any header. "bytes" is a bound that
none reaches who has to find the pixels and to know the cards: the slice, and four cards overwritten
in a header that is there. The peer is what a script does: Cutout2D and PrimaryHDU.writeto; of
tiles, `section`. Products go to memory; rates are by processor time.

    python -m bench.cutouts [--small]
"""

import io
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.io.fits.hdu.compressed._codecs import Rice1
from astropy.io.fits.hdu.compressed._quantization import Quantize
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from bench._archive import is_small
from service.cutouts.openings import open_image
from service.cutouts.product import Source
from service.cutouts.wanted import PixelBox, Wanted
from service.storage.local import LocalStore
from service.storage.state import state_of

_BOX = 28
_ROUNDS = 5
_SKY = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0}
_SKY |= {"CDELT1": -7e-5, "CDELT2": 7e-5, "RADESYS": "FK5", "EQUINOX": 2000.0}
_BLOCK = 2880


@dataclass(frozen=True)
class _Field:
    """An image on disk, its side, and where its pixels begin."""

    path: Path
    side: int
    offset: int


def _field(path: Path, side: int, codec: str | None = None) -> _Field:
    """An image of noise whose header has 100 cards."""
    header = fits.Header(_SKY | {"CRPIX1": side / 2, "CRPIX2": side / 2})
    for i in range(85):
        header[f"KEY{i}"] = (float(i) / 7, "a card as pipelines write them")
    pixels = np.random.default_rng(side).normal(100, 5, (side, side)).astype(np.float32)
    hdus: list[Any] = [fits.PrimaryHDU(pixels, header)]
    if codec is not None:
        hdus = [fits.PrimaryHDU(), fits.CompImageHDU(pixels, header, compression_type=codec)]
    fits.HDUList(hdus).writeto(path)
    with fits.open(path) as written:
        return _Field(path, side, written[-1].fileinfo()["datLoc"])


def _places(field: _Field, count: int) -> list[tuple[int, int]]:
    rng = np.random.default_rng(1)
    first = rng.integers(0, field.side - _BOX, (count, 2))
    return [(int(x), int(y)) for x, y in first]


def _wanted(field: _Field, places: list[tuple[int, int]]) -> list[Wanted]:
    """The same boxes by position."""
    with fits.open(field.path) as hdus:
        wcs = WCS(hdus[-1].header)
    ra, dec = wcs.all_pix2world(*(np.array(places).T + _BOX // 2), 0)
    boxes = zip(ra.tolist(), dec.tolist(), strict=True)
    return [Wanted(PixelBox(a, d, _BOX, _BOX)) for a, d in boxes]


@contextmanager
def _source(path: Path) -> Iterator[Source]:
    store = LocalStore(str(path.parent))
    with store.open(path.name, state_of(path.stat()), b"") as file:
        yield Source(file, path.name, f"ivo://example/bench?{path.name}")


def _header_of(path: Path) -> tuple[bytearray, dict[bytes, int]]:
    """The header, and where the cards are that a cut changes."""
    with path.open("rb") as file:
        header = bytearray()
        while b"END" + b" " * 77 not in header:
            header += file.read(_BLOCK)
    names = (b"NAXIS1  ", b"NAXIS2  ", b"CRPIX1  ", b"CRPIX2  ")
    return header, {name: header.index(name + b"=") for name in names}


def _bytes_cut(
    pixels: Any, header: bytearray, cards: dict[bytes, int], side: int, x: int, y: int
) -> bytes:
    """What no cutter can leave out: the pixels, and four cards of a header that is there."""
    data = pixels[y : y + _BOX, x : x + _BOX].tobytes()
    head = bytearray(header)
    values = (_BOX, _BOX, side / 2 - x, side / 2 - y)
    for (name, at), value in zip(cards.items(), values, strict=True):
        head[at : at + 80] = b"%s= %20s" % (name, repr(value).encode()) + b" " * 50
    return b"".join((head, data, bytes(-len(data) % _BLOCK)))


def _floor_cut(pixels: Any, header: fits.Header, side: int, x: int, y: int) -> bytes:
    """The pixels, and the header as astropy writes it."""
    data = pixels[y : y + _BOX, x : x + _BOX].tobytes()
    cards = header.copy()
    cards["NAXIS1"] = cards["NAXIS2"] = _BOX
    cards["CRPIX1"], cards["CRPIX2"] = side / 2 - x, side / 2 - y
    return b"".join((cards.tostring().encode(), data, bytes(-len(data) % _BLOCK)))


def _compare(title: str, works: dict[str, Callable[[], Iterator[bytes]]]) -> None:
    """Print the median rates of alternating rounds, and their ratios to the floor."""
    print(title)
    rates: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(_ROUNDS):
        for name, work in works.items():
            begin = time.process_time()
            count = sum(len(product) > 0 for product in work())
            rates[name].append(count / (time.process_time() - begin))
    floor = statistics.median(rates["floor"])
    for name, each in rates.items():
        rate = statistics.median(each)
        print(f"  {name:<9} {rate:>9,.0f} cuts/s, {rate / floor:6.2f} of the floor")


def _of_astropy(pixels: Any, header: fits.Header, wcs: WCS, x: int, y: int) -> bytes:
    """What a script does."""
    half = _BOX // 2
    part = Cutout2D(pixels, (x + half, y + half), _BOX, wcs)
    cards = header.copy()
    cards.update(part.wcs.to_header())
    product = io.BytesIO()
    fits.PrimaryHDU(part.data, cards).writeto(product)
    return product.getvalue()


def _one_plain(field: _Field, count: int) -> None:
    places = _places(field, count)
    wanted = _wanted(field, places)
    header, cards = _header_of(field.path)
    pixels = np.memmap(field.path, ">f4", "r", field.offset, (field.side, field.side))
    with (
        _source(field.path) as source,
        open_image(source) as image,
        fits.open(field.path) as hdus,
    ):
        first = image.cut(wanted[0])
        read = [image.cut(each).bytes_read for each in wanted]
        wcs = WCS(hdus[0].header)
        _compare(
            f"{count} cuts out of one plain image of {field.side} x {field.side}",
            {
                "floor": lambda: (
                    _floor_cut(pixels, hdus[0].header, field.side, x, y)
                    for x, y in places[:: max(1, count // 100)]
                ),
                "bytes": lambda: (
                    _bytes_cut(pixels, header, cards, field.side, x, y) for x, y in places
                ),
                "starhaul": lambda: (b"".join(image.cut(each).pieces) for each in wanted),
                "astropy": lambda: (
                    _of_astropy(hdus[0].data, hdus[0].header, wcs, x, y)
                    for x, y in places[:: max(1, count // 50)]
                ),
            },
        )
    print(f"  read: {first.bytes_read:,} bytes with the headers, then {max(read):,} a cut")


def _one_tiled(field: _Field, count: int) -> None:
    places = _places(field, count)
    wanted = _wanted(field, places)
    raw = np.memmap(field.path, np.uint8, "r")
    with fits.open(field.path, disable_image_compression=True) as hdus:
        width, rows = hdus[1].header["NAXIS1"], hdus[1].header["NAXIS2"]
        start = hdus[1].fileinfo()["datLoc"]
        table = raw[start : start + width * rows].reshape(rows, width)[:, :8]
        spans = np.ascontiguousarray(table).view(">i4").tolist()
        heap = start + width * rows
    quantize = Quantize(row=1, dither_method=1, quantize_level=None, bitpix=-32)
    codec = Rice1(blocksize=32, bytepix=4, tilesize=field.side)

    def floor() -> Iterator[bytes]:
        for x, y in places:
            rows = []
            for size, at in spans[y : y + _BOX]:
                values = codec.decode(raw[heap + at : heap + at + size])
                floats = np.asarray(quantize.decode_quantized(values, 1.0, 0.0))
                rows.append(floats[x : x + _BOX].tobytes())
            yield b"".join(rows)

    def peer() -> Iterator[bytes]:
        for x, y in places[:: max(1, count // 20)]:
            product = io.BytesIO()
            part = hdus[1].section[y : y + _BOX, x : x + _BOX]
            fits.PrimaryHDU(part, hdus[1].header).writeto(product)
            yield product.getvalue()

    with (
        _source(field.path) as source,
        open_image(source) as image,
        fits.open(field.path) as hdus,
    ):
        first = image.cut(wanted[0])
        read = [image.cut(each).bytes_read for each in wanted]
        _compare(
            f"{count} cuts out of one image of {field.side} x {field.side} in tiles of a row "
            "(RICE_1); floor: the codec",
            {
                "floor": floor,
                "starhaul": lambda: (b"".join(image.cut(each).pieces) for each in wanted),
                "astropy": peer,
            },
        )
    print(f"  read: {first.bytes_read:,} bytes with the headers, then {max(read):,} a cut")


def _many(fields: list[_Field]) -> None:
    places = _places(fields[0], len(fields))
    wanted = _wanted(fields[0], places)
    side = fields[0].side
    read = []

    def ours() -> Iterator[bytes]:
        for field, each in zip(fields, wanted, strict=True):
            with _source(field.path) as source, open_image(source) as image:
                product = image.cut(each)
                yield b"".join(product.pieces)
                read.append(product.bytes_read)

    def floor() -> Iterator[bytes]:
        for field, (x, y) in zip(fields[:: max(1, len(fields) // 50)], places, strict=False):
            pixels = np.memmap(field.path, ">f4", "r", field.offset, (side, side))
            yield _floor_cut(pixels, fits.Header.fromfile(field.path), side, x, y)

    def least() -> Iterator[bytes]:
        for field, (x, y) in zip(fields, places, strict=True):
            header, cards = _header_of(field.path)
            pixels = np.memmap(field.path, ">f4", "r", field.offset, (side, side))
            yield _bytes_cut(pixels, header, cards, side, x, y)

    def peer() -> Iterator[bytes]:
        for field, (x, y) in zip(fields[:: max(1, len(fields) // 25)], places, strict=False):
            with fits.open(field.path) as hdus:
                header = hdus[0].header
                yield _of_astropy(hdus[0].data, header, WCS(header), x, y)

    _compare(
        f"one cut out of each of {len(fields)} plain images of {side} x {side}",
        {"floor": floor, "bytes": least, "starhaul": ours, "astropy": peer},
    )
    print(f"  read: {max(read):,} bytes a cut, with the headers")


def main() -> None:
    """Print the figures."""
    warnings.simplefilter("ignore")
    small = is_small(__doc__)
    side, cuts, files, each = (1200, 300, 50, 300) if small else (3600, 1000, 1000, 600)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        print(f"{os.cpu_count()} cores; {_BOX} x {_BOX} pixels; median of {_ROUNDS} rounds")
        _one_plain(_field(here / "plain.fits", side), cuts)
        _one_tiled(_field(here / "tiled.fits", side, "RICE_1"), max(100, cuts // 5))
        first = _field(here / "f0.fits", each)
        fields = [first]
        for i in range(1, files):
            path = here / f"f{i}.fits"
            path.write_bytes(first.path.read_bytes())
            fields.append(_Field(path, first.side, first.offset))
        _many(fields)


if __name__ == "__main__":
    main()
