"""The codecs of tile-compressed images (FITS 4.0 §10.4), safe against bytes that make no sense.

They are astropy's, which are cfitsio's in C: HCOMPRESS and PLIO believe the sizes in their own
stream and write or read beyond their buffers where these are wrong (1,500 tiles with random bytes
ended the process). Those sizes are compared with the tile's before.
"""

import struct
import zlib
from collections.abc import Mapping

import numpy as np
from astropy.io.fits.hdu.compressed._codecs import PLIO1, HCompress1, Rice1
from numpy.typing import NDArray

CODECS = ("RICE_1", "RICE_ONE", "PLIO_1", "HCOMPRESS_1", "GZIP_1", "GZIP_2", "NOCOMPRESS")
_HCOMPRESS = struct.Struct(">HiiiqBBB")
_HCOMPRESS_MAGIC = 0xDD99
_MOST_BITPLANES = 60
_LONGEST_ITEM = 8  # bytes of a pixel

Bytes = NDArray[np.uint8]


def decoded(
    data: Bytes, codec: str, pixels: int, settings: Mapping[str, float | None]
) -> NDArray[np.generic]:
    """The values of a tile of so many pixels; of the GZIPs and NOCOMPRESS its plain bytes.

    `settings` are ZVALn by ZNAMEn. Raises ValueError, or what the codec raises, for damaged bytes.
    """
    if codec.startswith("RICE"):
        return _rice(data, pixels, settings)
    if codec == "PLIO_1":
        return _plio(data.view(">i2"), pixels)
    if codec == "HCOMPRESS_1":
        return _hcompress(data, pixels, settings)
    if codec == "NOCOMPRESS":
        return data
    plain = _gunzipped(data, pixels)
    if codec == "GZIP_2":  # the first bytes of all pixels, then the second ones
        plain = plain.reshape(plain.nbytes // pixels, pixels).T.ravel()
    return plain


def _rice(data: Bytes, pixels: int, settings: Mapping[str, float | None]) -> NDArray[np.generic]:
    size, block = int(settings.get("BYTEPIX") or 4), int(settings.get("BLOCKSIZE") or 32)
    if size not in (1, 2, 4) or block not in (16, 32):
        raise ValueError("no such setting of RICE_1")
    values = Rice1(blocksize=block, bytepix=size, tilesize=pixels).decode(data)[:pixels]
    return np.asarray(values.view(np.uint8) if size == 1 else values)  # bytes are unsigned


def _plio(line: NDArray[np.int16], pixels: int) -> NDArray[np.generic]:
    """A line list of IRAF: its length is its third word, or its fourth and fifth."""
    if len(line) < 3 or (line[2] <= 0 and len(line) < 7):
        raise ValueError("the line list is too short")
    words = int(line[2]) if line[2] > 0 else (int(line[4]) << 15) + int(line[3])
    first = 3 if line[2] > 0 else int(line[1])
    if not 0 < first <= len(line) or not 0 <= words <= len(line):
        raise ValueError("the line list says a wrong length")
    return np.asarray(PLIO1(tilesize=pixels).decode(line)[:pixels])


def _hcompress(
    data: Bytes, pixels: int, settings: Mapping[str, float | None]
) -> NDArray[np.generic]:
    magic, nx, ny, _, _, *planes = _HCOMPRESS.unpack_from(data.data)
    if magic != _HCOMPRESS_MAGIC or min(nx, ny) < 1 or nx * ny != pixels:
        raise ValueError("the tile has another size")
    if max(planes) > _MOST_BITPLANES:
        raise ValueError("the tile has too many bit planes")
    codec = HCompress1(
        scale=int(settings.get("SCALE") or 0),
        smooth=int(settings.get("SMOOTH") or 0),
        bytepix=8,
        nx=nx,
        ny=ny,
    )
    # a damaged stream is read beyond its end, at most a word a pixel and plane
    return np.asarray(codec.decode(np.concatenate([data, np.zeros(pixels * 8 + 64, np.uint8)])))


def _gunzipped(data: Bytes, pixels: int) -> Bytes:
    unpacker = zlib.decompressobj(wbits=31)
    plain = np.frombuffer(unpacker.decompress(data.tobytes(), pixels * _LONGEST_ITEM + 1), np.uint8)
    if not unpacker.eof or len(plain) % pixels:
        raise ValueError("the tile has another size")
    return plain
