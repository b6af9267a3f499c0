"""The real spectra of ../shared/data, each read once."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
from astropy import units
from numpy.typing import NDArray

from service.ingest.facts import DatasetFacts
from service.ingest.fits import Bytes, FitsFile, open_fits, unpack
from service.ingest.readers import read_facts
from service.spectra.layout import Spectrum
from service.spectra.model import Origin
from service.spectra.reading import read_spectra
from tests.conftest import ROOT

FOLDER = ROOT.parent / "shared" / "data" / "spectra"


@cache
def opened(name: str) -> FitsFile:
    """A real file by its name below `FOLDER`."""
    return open_fits(name, Bytes(unpack((FOLDER / name).read_bytes())))


@cache
def facts(name: str) -> tuple[str, DatasetFacts]:
    """The reader that takes it, and what ingest knows of it."""
    return read_facts(opened(name))


@cache
def spectra(name: str) -> tuple[Spectrum, ...]:
    """Its spectra."""
    return read_spectra(opened(name), facts(name)[0])


def cut(spectrum: Spectrum, points: int) -> Spectrum:
    """Its first points: astropy reads BINARY2 row by row, in Python."""
    arrays = {
        name: None if values is None else values[:points]
        for name in ("wavelength", "flux", "error", "quality", "order")
        for values in [getattr(spectrum, name)]
    }
    return replace(spectrum, **arrays)


def names() -> list[str]:
    """Every real spectrum; HARPS's bis and ccf are measurements."""
    found = sorted(path for path in FOLDER.rglob("*.fits*") if path.is_file())
    kept = [path for path in found if not re.search(r"_(bis|ccf)_", path.name)]
    return [str(path.relative_to(FOLDER)) for path in kept]


def origin(name: str) -> Origin:
    """The dataset of a real file, as ingest would describe it."""
    _, known = facts(name)
    return Origin(
        file_id=1,
        path=name,
        sha256="0" * 64,
        publisher="Test archive",
        publisher_id="ivo://x-unregistered/test",
        publisher_did=f"ivo://x-unregistered/test?{name}",
        collection="REAL",
        title=known.obs_title,
        target=known.target_name,
        ra=known.s_ra,
        dec=known.s_dec,
        fov=known.s_fov,
        t_min=known.t_min,
        t_max=known.t_max,
        exposure=known.t_exptime,
        facility=known.facility_name,
        instrument=known.instrument_name,
        calibration=known.o_calib_status,
        snr=known.s_snr,
        redshift=known.spectrum.redshift if known.spectrum else None,
    )


def angstroms(spectrum: Spectrum) -> NDArray[np.float64]:
    """The wavelengths in Angstrom, in the spectrum's own medium."""
    axis = spectrum.wavelength * units.Unit(spectrum.unit)
    return np.asarray(axis.to_value("Angstrom", units.spectral()))
