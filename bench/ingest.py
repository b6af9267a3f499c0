"""Files per second of `starhaul ingest`, and the ratio to a floor.

The floor, with as many processes: read each file, sha256 of its bytes, and one header read from
them by astropy (fits.getheader: the primary header alone). The files are generated from a seed, in
three layouts: an ESO Phase 3 table, an SDSS spec file, an image with WCS.

    python -m bench.ingest [--files 20000] [--workers N]
"""

import argparse
import asyncio
import hashlib
import io
import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from astropy.io import fits

from schema.migrate import upgrade
from service.config import Settings
from service.embedded.home import open_home
from service.embedded.servers import running_servers, wait_ready
from service.ingest.collection import load_collection
from service.ingest.run import Report, run_ingest, workers_default

_SEED = 20260101
_POINTS = 1500


def _table(rng: np.random.Generator) -> fits.HDUList:
    wave = np.linspace(3781.0, 6912.0, _POINTS)
    flux = rng.normal(1.0, 0.02, _POINTS)
    columns = [
        fits.Column("WAVE", f"{_POINTS}D", unit="Angstrom", array=[wave]),
        fits.Column("FLUX", f"{_POINTS}E", unit="adu", array=[flux]),
    ]
    primary = fits.PrimaryHDU()
    primary.header.update(
        {"PRODCATG": "SCIENCE.SPECTRUM", "TELESCOP": "ESO-3.6", "INSTRUME": "HARPS"}
        | {"OBJECT": "HD000000", "RA": 10.5, "DEC": -20.25, "RADECSYS": "FK5", "EQUINOX": 2000.0}
        | {"EXPTIME": 900.0, "MJD-OBS": 55000.0, "MJD-END": 55000.01, "PRODLVL": 2, "SNR": 80.5}
        | {"SPECSYS": "BARYCENT", "SPEC_RES": 115000.0, "PROG_ID": "072.C-0488(E)"}
    )
    table = fits.BinTableHDU.from_columns(columns, name="SPECTRUM")
    table.header.update({"VOCLASS": "SPECTRUM v2.0", "TUTYP1": "spec:Data.SpectralAxis.Value"})
    table.header.update({"TUCD1": "em.wl;obs.atmos", "TUTYP2": "spec:Data.FluxAxis.Value"})
    table.header.update({"TUCD2": "phot.flux.density;em.wl", "APERTURE": 0.00028})
    return fits.HDUList([primary, table])


def _sdss(rng: np.random.Generator) -> fits.HDUList:
    columns = [
        fits.Column("flux", "E", array=rng.normal(5, 1, _POINTS)),
        fits.Column("loglam", "E", array=3.58 + 1e-4 * np.arange(_POINTS)),
        fits.Column("ivar", "E", array=np.ones(_POINTS)),
    ]
    primary = fits.PrimaryHDU()
    primary.header.update(
        {"TELESCOP": "SDSS 2.5-M", "PLATEID": 411, "FIBERID": 119, "MJD": 51817, "VACUUM": True}
        | {"RA": 10.5, "DEC": -20.25, "PLUG_RA": 10.5, "PLUG_DEC": -20.25, "EXPTIME": 2700.0}
        | {"COEFF0": 3.58, "COEFF1": 1e-4, "BUNIT": "1E-17 erg/cm^2/s/Ang", "RADECSYS": "FK5"}
    )
    return fits.HDUList([primary, fits.BinTableHDU.from_columns(columns, name="COADD")])


def _image(rng: np.random.Generator) -> fits.HDUList:
    image = fits.PrimaryHDU(rng.normal(100, 5, (64, 64)).astype(np.float32))
    image.header.update(
        {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 32.5, "CRPIX2": 32.5}
        | {"CRVAL1": 10.5, "CRVAL2": -20.25, "CD1_1": -1e-4, "CD1_2": 0.0, "CD2_1": 0.0}
        | {"CD2_2": 1e-4, "RADESYS": "ICRS", "BUNIT": "adu", "EXPTIME": 30.0, "MJD-OBS": 55000.0}
        | {"OBJECT": "FIELD 1", "TELESCOP": "UKIRT", "INSTRUME": "WFCAM", "FILTER": "K"}
    )
    return fits.HDUList([image])


def _templates() -> list[bytes]:
    rng = np.random.default_rng(_SEED)
    files = []
    for hdus in (_table(rng), _sdss(rng), _image(rng)):
        buffer = io.BytesIO()
        hdus.writeto(buffer)
        files.append(buffer.getvalue())
    return files


def generate(folder: Path, count: int) -> Path:
    """Write `count` files, each with its own position, and a collection.toml beside them."""
    rng = np.random.default_rng(_SEED)
    templates = _templates()
    positions = np.stack([rng.uniform(0, 360, count), rng.uniform(-80, 80, count)], axis=-1)
    data = folder / "data"
    for i, (ra, dec) in enumerate(positions):
        file = templates[i % 3]
        for old, new in ((10.5, round(float(ra), 6)), (-20.25, round(float(dec), 6))):
            file = file.replace(f"= {old!r:>20}".encode(), f"= {new!r:>20}".encode())
        path = data / f"{i // 1000:03d}" / f"f{i:06d}.fits"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file)
    toml = folder / "collection.toml"
    toml.write_text('name = "bench"\nroot = "data"\n\n[defaults]\ncalib_level = 2\n')
    return toml


def _floor_batch(paths: list[str]) -> int:
    total = 0
    for path in paths:
        data = Path(path).read_bytes()
        hashlib.sha256(data).digest()
        fits.getheader(io.BytesIO(data))
        total += len(data)
    return total


def floor_rate(paths: list[str], workers: int) -> float:
    """Files a second of the floor, worker processes already started."""
    batches = [paths[i : i + 200] for i in range(0, len(paths), 200)]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        list(pool.map(_floor_batch, [paths[:1]] * workers * 2))
        began = time.monotonic()
        list(pool.map(_floor_batch, batches))
        return len(paths) / (time.monotonic() - began)


def ingest_run(toml: Path, home: Path, workers: int) -> tuple[Report, Report]:
    """A first run on an embedded PostgreSQL, and a second over unchanged files."""
    settings = Settings(home_dir=home, database_url=None, read_database_url=None, redis_url=None)
    with running_servers(settings, open_home(home), lambda *_: None) as servers:
        wait_ready(servers, lambda *_: None)
        asyncio.run(upgrade(servers.database_url))
        collection, root = load_collection(toml)
        runs = [
            asyncio.run(
                run_ingest(
                    collection, root, servers.database_url, settings.authority, workers=workers
                )
            )
            for _ in range(2)
        ]
    return runs[0], runs[1]


def main() -> None:
    """Generate, measure the floor before and after, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=workers_default())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="starhaul-bench-") as folder:
        place = Path(folder)
        toml = generate(place, options.files)
        paths = [str(path) for path in sorted((place / "data").rglob("*.fits"))]
        size = sum(Path(path).stat().st_size for path in paths) / 1e6
        before = floor_rate(paths, options.workers)
        first, second = ingest_run(toml, place / "home", options.workers)
        after = floor_rate(paths, options.workers)
        rate, floor = first.accepted / first.seconds, (before + after) / 2
        print(f"{len(paths)} files, {size:.0f} MB, {options.workers} processes")
        print(f"floor   {before:8.0f} files/s before, {after:.0f} after")
        print(f"ingest  {rate:8.0f} files/s, {rate / floor:.2f} of the floor")
        print(
            f"again   {second.files / second.seconds:8.0f} files/s ({second.unchanged} unchanged)"
        )


if __name__ == "__main__":
    main()
