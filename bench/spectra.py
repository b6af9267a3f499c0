"""Conversions of spectra per second of CPU, and the ratio to a bare astropy read of the same files.

A conversion is all that /spectra does between request and answer: the file is opened in its store,
read, and written as VOTable or FITS. The bare read opens the same file with astropy.io.fits and
takes its wavelengths and fluxes, nothing more. The files are generated from a seed: SDSS spec
files, ESO Phase 3 tables, IRAF images, and echelles of 72 orders; while these are converted, the
longest time that the event loop stood still is taken.

    python -m bench.spectra [--files 60] [--rounds 5]
"""

import argparse
import asyncio
import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from astropy.io import fits

from service.spectra.converters import open_converters
from service.spectra.document import document
from service.spectra.forms import FORMS
from service.spectra.holdings import Held
from service.spectra.making import Wanted
from service.spectra.model import Origin
from service.storage.state import state_of

_SEED = 20260101
_POINTS = {"sdss": 4600, "eso_phase3": 50_000, "iraf": 15_000, "eso_drs": 72 * 4096}


def _sdss(rng: np.random.Generator) -> fits.HDUList:
    points = _POINTS["sdss"]
    columns = [
        fits.Column("flux", "E", array=rng.normal(5, 1, points)),
        fits.Column("loglam", "E", array=3.55 + 1e-4 * np.arange(points)),
        fits.Column("ivar", "E", array=np.ones(points)),
        fits.Column("and_mask", "J", array=np.zeros(points)),
    ]
    primary = fits.PrimaryHDU()
    primary.header.update({"PLATEID": 266, "BUNIT": "1E-17 erg/cm^2/s/Ang"})
    return fits.HDUList([primary, fits.BinTableHDU.from_columns(columns, name="COADD")])


def _phase3(rng: np.random.Generator) -> fits.HDUList:
    points = _POINTS["eso_phase3"]
    columns = [
        fits.Column("WAVE", f"{points}D", unit="angstrom", array=[np.linspace(3000, 6000, points)]),
        fits.Column("FLUX", f"{points}E", unit="adu", array=[rng.normal(1, 0.1, points)]),
        fits.Column("ERR", f"{points}E", unit="adu", array=[np.full(points, 0.1)]),
    ]
    primary = fits.PrimaryHDU()
    primary.header.update({"PRODCATG": "SCIENCE.SPECTRUM", "SPECSYS": "TOPOCENT"})
    table = fits.BinTableHDU.from_columns(columns, name="SPECTRUM")
    table.header.update({"VOCLASS": "SPECTRUM v2.0", "TUCD1": "em.wl;obs.atmos"})
    return fits.HDUList([primary, table])


def _iraf(rng: np.random.Generator) -> fits.HDUList:
    primary = fits.PrimaryHDU(rng.normal(1, 0.1, _POINTS["iraf"]).astype(np.float32))
    primary.header.update({"CTYPE1": "LINEAR", "CRVAL1": 3465.0, "CDELT1": 0.4, "DC-FLAG": 0})
    return fits.HDUList([primary])


def _echelle(rng: np.random.Generator) -> fits.HDUList:
    primary = fits.PrimaryHDU(rng.normal(1, 0.1, (72, 4096)).astype(np.float32))
    primary.header["HIERARCH ESO DRS CAL TH DEG LL"] = 1
    for order in range(72):
        primary.header[f"HIERARCH ESO DRS CAL TH COEFF LL{2 * order}"] = 3780.0 + 43.0 * order
        primary.header[f"HIERARCH ESO DRS CAL TH COEFF LL{2 * order + 1}"] = 0.013
    return fits.HDUList([primary])


_LAYOUTS = {"sdss": _sdss, "eso_phase3": _phase3, "iraf": _iraf, "eso_drs": _echelle}


def _bare(path: Path) -> float:
    """What a reader that knows the layout does with astropy alone."""
    with fits.open(path, memmap=False) as file:
        if len(file) == 1:
            return float(file[0].data.sum())
        data = file[1].data
        return float(sum(data.field(i).sum() for i in range(min(3, len(data.columns)))))


def _held(path: Path, reader: str) -> Held:
    digest = hashlib.sha256(path.read_bytes())
    did = f"ivo://x-unregistered/bench?{path.name}"
    publisher = "ivo://x-unregistered/bench"
    origin = Origin(1, path.name, digest.hexdigest(), "Bench", publisher, did, "BENCH")
    return Held(origin, str(path.parent), state_of(path.stat()), digest.digest(), reader, {})


def _convert(held: Sequence[Held], wanted: Wanted, i: int) -> bytes:
    return document(held[i], wanted.form, wanted.medium, wanted.unit)


def _per_second(work: Callable[[int], object], count: int) -> float:
    """Rounds a second of CPU: what else the machine does counts little."""
    began = time.process_time()
    for i in range(count):
        work(i)
    return count / (time.process_time() - began)


def _measure(reader: str, paths: Sequence[Path], rounds: int) -> None:
    held = [_held(path, reader) for path in paths]
    floors: list[float] = []
    rates: dict[str, list[float]] = {form: [] for form in FORMS}
    for _ in range(rounds):
        floors.append(_per_second(lambda i: _bare(paths[i]), len(paths)))
        for name, form in FORMS.items():
            convert = partial(_convert, held, Wanted(form, None, None))
            rates[name].append(_per_second(convert, len(paths)))
    floor = statistics.median(floors)
    said = ", ".join(
        f"{name} {statistics.median(found):,.0f}/s ({statistics.median(found) / floor:.2f} of it)"
        for name, found in rates.items()
    )
    print(f"{reader}, {_POINTS[reader]:,} points: bare read {floor:,.0f}/s, {said}")


async def _longest_stop(held: Held, rounds: int, scratch: Path) -> float:
    """The longest time in seconds that the event loop did not run while conversions were made."""
    longest, last = 0.0, time.perf_counter()

    async def watch() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            longest, last = max(longest, now - last - 0.001), now

    async with open_converters(scratch) as converters:
        wanted = [Wanted(form, "vacuum", "nm") for form in FORMS.values()]
        await converters.document(held, wanted[0])  # starts the processes
        watching = asyncio.create_task(watch())
        await asyncio.sleep(0.05)
        longest = 0.0
        for _ in range(rounds):
            for each in wanted:
                await converters.document(held, each)
        watching.cancel()
    return longest


def main() -> None:
    """Print the figures of each layout."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rng = np.random.default_rng(_SEED)
    with tempfile.TemporaryDirectory() as folder:
        for reader, layout in _LAYOUTS.items():
            paths = [Path(folder) / f"{reader}{i}.fits" for i in range(arguments.files)]
            if reader == "eso_drs":
                paths = paths[: max(1, arguments.files // 10)]
            for path in paths:
                layout(rng).writeto(path)
            _measure(reader, paths, arguments.rounds)
        echelle = _held(Path(folder) / "eso_drs0.fits", "eso_drs")
        stop = asyncio.run(_longest_stop(echelle, arguments.rounds, Path(folder)))
        print(f"longest stop of the event loop during conversions of eso_drs: {stop * 1000:.1f} ms")


if __name__ == "__main__":
    main()
