"""The pixels of a section of a tile-compressed image (FITS 4.0 §10.1); only its tiles are read.

The codecs are astropy's, called tile by tile: `CompImageHDU.section` reads the descriptors of all
tiles for each section, and wants a file of its own.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from astropy.io.fits.hdu.compressed._quantization import DITHER_METHODS, Quantize
from numpy.typing import NDArray

from service.cutouts.codecs import CODECS, decoded
from service.cutouts.errors import NotCuttable
from service.cutouts.opened import Opened
from service.cutouts.sections import PIECE, Section
from service.cutouts.tile_table import Tile, TileTable
from service.ingest.fits import Hdu

PIXELS = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


class TiledImage:
    """A tile-compressed image: its table's columns, and what its cards say of the codec."""

    def __init__(self, hdu: Hdu, file: Opened) -> None:
        """NotCuttable for a codec that is not known, or cards that contradict each other."""
        header = hdu.header
        self._file, self._hdu = file, hdu
        self.shape = hdu.shape
        self.bitpix = header.integer("ZBITPIX")
        self._codec = (header.text("ZCMPTYPE") or "").upper()
        where = f"HDU {hdu.index}"
        if self._codec not in CODECS:
            raise NotCuttable(
                f"{where} is compressed by {self._codec or 'nothing'}, not known here"
            )
        if "ZMASKCMP" in header:
            raise NotCuttable(f"{where} is compressed with a mask of its blank pixels (ZMASKCMP)")
        if self.bitpix not in PIXELS or not 0 < len(self.shape) < 10:
            raise NotCuttable(f"the cards of {where} say no shape or no type of its pixels")
        self._tile = tuple(
            header.integer(f"ZTILE{i + 1}", length if i == 0 else 1)
            for i, length in enumerate(self.shape)
        )
        if min(self._tile) < 1 or min(self.shape) < 1:
            raise NotCuttable(f"the cards of {where} say no size of its tiles")
        self._counts = [-(-n // t) for n, t in zip(self.shape, self._tile, strict=True)]
        self._table = TileTable(hdu, file, self._codec)
        if math.prod(self._counts) > hdu.rows:
            raise NotCuttable(f"the table of {where} has fewer rows than its image has tiles")
        self._dither = DITHER_METHODS.get(header.text("ZQUANTIZ") or "NO_DITHER", -1)
        self._seed = max(0, header.integer("ZDITHER0"))
        self._settings = {
            (header.text(f"ZNAME{i}") or "").upper(): header.number(f"ZVAL{i}")
            for i in range(1, 10)
            if f"ZNAME{i}" in header
        }

    def pixels(self, section: Section) -> Iterator[bytes]:
        """The bytes of a section as they were before compression, piece by piece."""
        for part in self._parts(section.axes):
            yield self._decoded(part)

    def _parts(self, axes: Sequence[range]) -> Iterator[tuple[range, ...]]:
        """The section cut into what follows each other: along its slowest axis, tile by tile."""
        slow = next((i for i in range(len(axes) - 1, -1, -1) if len(axes[i]) > 1), None)
        size = abs(self.bitpix) // 8 * math.prod(len(axis) for axis in axes)
        if slow is None or size <= PIECE:
            yield tuple(axes)
            return
        rest = size // len(axes[slow])
        tile = self._tile[slow]
        group = max(1, PIECE // rest // tile) * tile
        for _, indices in itertools.groupby(axes[slow], lambda i: i // group):
            pixels = list(indices)
            part = range(pixels[0], pixels[-1] + 1, axes[slow].step)
            within = (*axes[:slow], part, *axes[slow + 1 :])
            if len(part) == 1 and rest > PIECE:
                yield from self._parts(within)
            else:
                yield within

    def _decoded(self, axes: tuple[range, ...]) -> bytes:
        """The bytes of a part."""
        first = [axis[0] // tile for axis, tile in zip(axes, self._tile, strict=True)]
        last = [axis[-1] // tile for axis, tile in zip(axes, self._tile, strict=True)]
        wanted = np.empty([len(axis) for axis in reversed(axes)], PIXELS[self.bitpix])
        places = list(
            itertools.product(*(range(a, b + 1) for a, b in zip(first, last, strict=True)))
        )
        places.sort(key=lambda place: place[::-1])
        rows = [self._row(place) for place in places]
        tiles = self._table.tiles(rows)
        heap = _Heap(self._file, [tile.span for tile in tiles])
        for place, row, one in zip(places, rows, tiles, strict=True):
            shape = [
                min(t, n - p * t) for p, t, n in zip(place, self._tile, self.shape, strict=True)
            ]
            tile = self._tile_pixels(heap, row, one, shape[::-1])
            into, out = [], []
            for axis, p, t, n in zip(axes, place, self._tile, shape, strict=True):
                begin = p * t
                low = -(-(max(begin, axis.start) - axis.start) // axis.step)
                high = -(-(min(begin + n, axis.stop) - axis.start) // axis.step)
                into.append(slice(low, high))
                start = axis.start + low * axis.step - begin
                out.append(slice(start, start + (high - low - 1) * axis.step + 1, axis.step))
            wanted[tuple(into[::-1])] = tile[tuple(out[::-1])]
        return wanted.tobytes()

    def _row(self, place: Sequence[int]) -> int:
        row = 0
        for p, count in zip(reversed(place), reversed(self._counts), strict=True):
            row = row * count + p
        return row

    def _tile_pixels(self, heap: "_Heap", row: int, tile: Tile, shape: list[int]) -> NDArray[Any]:
        """A tile, shape in numpy's order."""
        try:
            values = self._plain(heap.of(tile.span), tile, shape)
        except NotCuttable:
            raise
        except Exception as error:  # the codecs raise many kinds for bytes that make no sense
            raise NotCuttable(
                f"tile {row + 1} of HDU {self._hdu.index} cannot be decompressed: it is damaged"
            ) from error
        blank = tile.blank
        quantized = self._table.quantized and tile.codec == self._codec and self.bitpix < 0
        blanks = values == blank if blank is not None and (quantized or self.bitpix > 0) else None
        if quantized:
            values = self._scaled(values, row, tile)
            if blanks is not None:
                values[blanks] = np.nan
        elif blanks is not None and blank != (card := self._hdu.header.number("ZBLANK", "BLANK")):
            values = values.copy()
            values[blanks] = card if card is not None else -(2 ** (self.bitpix - 1))
        return values

    def _plain(self, data: NDArray[np.uint8], tile: Tile, shape: list[int]) -> NDArray[Any]:
        pixels = math.prod(shape)
        values = decoded(data, tile.codec, pixels, self._settings)
        if values.dtype == np.uint8 and not tile.codec.startswith("RICE"):
            floats = self.bitpix < 0 and not (self._table.quantized and tile.codec == self._codec)
            size = values.nbytes // pixels
            values = values.view("u1" if size == 1 else f">{'f' if floats else 'i'}{size}")
        return np.asarray(values).reshape(shape)

    def _scaled(self, values: NDArray[Any], row: int, tile: Tile) -> NDArray[Any]:
        """Quantized values as floats again (FITS 4.0 §10.2)."""
        seed = row + self._seed if self._dither != -1 else 0
        quantize = Quantize(
            row=seed, dither_method=self._dither, quantize_level=None, bitpix=self.bitpix
        )
        scale = 1.0 if tile.scale is None else tile.scale
        floats = quantize.decode_quantized(values, scale, tile.zero or 0.0)
        native = PIXELS[self.bitpix].replace(">", "=")
        return np.array(floats, native).reshape(values.shape)


class _Heap:
    """The bytes of some tiles, those near each other read together."""

    def __init__(self, file: Opened, spans: list[tuple[int, int]]) -> None:
        self._read: dict[tuple[int, int], NDArray[np.uint8]] = {}
        group: list[tuple[int, int]] = []
        for span in [*sorted(spans), None]:
            if group and (
                span is None
                or span[0] - sum(group[-1]) > file.gap
                or span[0] + span[1] - group[0][0] > 4 * PIECE
            ):
                start, stop = group[0][0], max(sum(each) for each in group)
                buffer = bytearray(stop - start)
                file.fill(buffer, start)
                data = np.frombuffer(buffer, np.uint8)
                for at, size in group:
                    self._read[at, size] = data[at - start : at - start + size]
                group = []
            if span is not None:
                group.append(span)

    def of(self, span: tuple[int, int]) -> NDArray[np.uint8]:
        """The bytes of one of them."""
        return self._read[span]
