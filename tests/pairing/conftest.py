"""An archive of overlapping tiles in three bands, of which every pixel says where it lies."""

import contextlib
import csv
import io
import json
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from tests import forked
from tests.conftest import CI
from tests.haul import Haul, Package, running_haul

DID = "ivo://x-unregistered/starhaul?TILES/"
RA, DEC = 150.0, 2.2
SIDE, SCALE = 200, 0.4 / 3600  # pixels of a tile, degrees of a pixel
STEP = 0.02  # degrees between the middles of tiles, which overlap by a tenth
TILES = 40 if CI else 3
# Centre and width in Angstrom, as DECam's FILTER has them, and an exposure.
BANDS = {"g": (4730.0, 1520.0, 90.0), "r": (6420.0, 1480.0, 300.0), "z": (9260.0, 1470.0, 60.0)}


def middle(tile: int) -> float:
    """The right ascension of the middle of a tile."""
    return RA + STEP * tile


def wcs_of(tile: int) -> WCS:
    """The coordinates of a tile."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [middle(tile), DEC]
    wcs.wcs.crpix = [SIDE / 2 + 0.5, SIDE / 2 + 0.5]
    wcs.wcs.cdelt = [-SCALE, SCALE]
    return wcs


def pixels_of(tile: int, band: str) -> npt.NDArray[np.float32]:
    """Numbers that no two pixels of the archive share."""
    first = 1e6 * tile + 1e5 * list(BANDS).index(band)
    return np.arange(first, first + SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)


def name_of(tile: int, band: str) -> str:
    """The file of a tile in a band."""
    return f"tile{tile:02d}-{band}.fits"


def write_tiles(folder: Path) -> None:
    """Every tile in every band; the second tile is exposed for longer."""
    for tile in range(TILES):
        for band, (centre, width, exposure) in BANDS.items():
            header = wcs_of(tile).to_header()
            header["FILTER"] = f"{band} DECam SDSS c0001 {centre} {width}"
            header["EXPTIME"] = exposure * (2 if tile == 1 else 1)
            fits.PrimaryHDU(pixels_of(tile, band), header).writeto(folder / name_of(tile, band))


def ingest(
    haul: Haul, root: str, name: str = "TILES", include: Sequence[str] = ("*.fits",)
) -> None:
    """Bring the files below a root into the archive."""
    toml = haul.home / f"{name}.toml"
    toml.write_text(
        f'name = "{name}"\nroot = "{root}"\ninclude = {json.dumps(include)}\n'
        "[defaults]\ncalib_level = 2\n"
    )
    log = haul.home / "ingest.log"
    process = forked.start(("ingest", str(toml), "--workers", "1"), haul.environment, log)
    assert process.wait(120) == 0, log.read_text()


@dataclass(frozen=True)
class Paired:
    """A completed job: its URL, the statuses as rows of text, the package where there is one."""

    job: str
    statuses: list[dict[str, str]]
    package: Package | None

    def of(self, row: int) -> list[dict[str, str]]:
        """The statuses of one row of the table."""
        return [each for each in self.statuses if each["row"] == str(row)]


def table_of(columns: str, rows: Sequence[Sequence[object]]) -> bytes:
    """A table as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows([columns.split(), *rows])
    return text.getvalue().encode()


@dataclass(frozen=True)
class Cutter:
    """Sends tables to the archive."""

    haul: Haul

    def send(self, table: bytes, **parameters: object) -> httpx.Response:
        """Ask for a job that starts at once."""
        asked = {"UPLOAD": "t,param:t", "PHASE": "RUN", **parameters}
        return self.haul.client.post(
            f"{self.haul.url}/soda/async", data=asked, files={"t": ("t.csv", table)}
        )

    def begin(self, table: bytes, **parameters: object) -> str:
        """The URL of a new job."""
        answer = self.send(table, **parameters)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def cut(self, columns: str, rows: Sequence[Sequence[object]], **parameters: object) -> Paired:
        """Send a table and wait for what comes of it."""
        return self.wait(self.begin(table_of(columns, rows), **parameters))

    def wait(self, job: str, seconds: float = 90) -> Paired:
        """What came of a job."""
        results = self.haul.package(job, seconds).results
        text = self.haul.client.get(results["statuses.csv"]).text
        packed = None
        if "package" in results:
            answer = self.haul.client.get(results["package"])
            assert answer.status_code == 303
            packed = self.haul.package(answer.headers["location"])
        return Paired(job, list(csv.DictReader(io.StringIO(text))), packed)

    def unpacked(self, package: Package, into: Path) -> Path:
        """The directory that the parts of a package unpack into."""
        for number, url in enumerate(package.parts):
            part = into / f"{number}.tar"
            part.write_bytes(self.haul.client.get(url).content)
            subprocess.run(["tar", "-xf", part, "-C", into], check=True)
            part.unlink()
        (folder,) = into.iterdir()
        return folder


def restart_with(haul: Haul, settings: Mapping[str, str]) -> None:
    """Stop the API and the worker; start both with other settings."""
    haul.kill_worker()
    assert haul.api is not None
    haul.api.send_signal(signal.SIGTERM)
    haul.api.wait(60)
    haul.environment = {**haul.environment, **settings}
    haul.start_api()
    haul.start_worker()


@pytest.fixture(scope="module")
def haul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Haul]:
    """The running archive."""
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        patch.setenv("STARHAUL_CUTOUTS_PER_TASK", "100")
        directory = tmp_path_factory.mktemp("pairing")
        running = stack.enter_context(running_haul(directory, files=0, largest=100))
        tiles = running.home / "tiles"
        tiles.mkdir()
        write_tiles(tiles)
        ingest(running, str(tiles))
        yield running


@pytest.fixture(scope="module")
def cutter(haul: Haul) -> Cutter:
    """What sends tables to it."""
    return Cutter(haul)
