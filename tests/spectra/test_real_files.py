"""Every real spectrum comes out in both forms, with its values, and readers know what it is."""

import io
import re
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.io import fits, votable
from numpy.typing import NDArray

from service.spectra.fits_table import fits_table
from service.spectra.votable import votable as votable_of
from tests.conftest import CI
from tests.spectra import real
from tests.xsd import valid

NAMES = real.names()
# Where a bare reader of the file has the flux: HDU and column, or the lines of an image.
FLUXES: dict[str, list[tuple[int, str | int | None]]] = {
    "aat-2df": [(0, None)],
    "arecibo": [(1, "FLUXDENS")],
    "desi": [(4, 0), (9, 0), (14, 0)],
    "eso-crires/220806": [(hdu, f"{n:02d}_01_SPEC") for hdu in (1, 2, 3) for n in range(2, 9)],
    "eso-crires/spec": [(0, None)],
    "eso-harps/ADP": [(1, "FLUX")],
    "eso-harps/harps_": [(1, "flux")],
    "eso-harps": [(0, None)],
    "eso-uves/ADP": [(1, "FLUX")],
    "eso-uves/popler": [(0, 0)],
    "eso-vimos": [(1, "FLUX")],
    "eso-xshooter": [(1, "FLUX")],
    "fuse": [(1, "FLUX")],
    "hpf": [(1, None)],
    "hst": [(1, "FLUX")],
    "jwst": [(1, "FLUX")],
    "keck-hires": [(1, "flux")],
    "lamost": [(1, "FLUX")],
    "sdss/SDSSJ": [(0, None)],
    "sdss": [(1, "flux")],
    "wht": [(0, 0)],
    "": [(0, None)],
}


def bare_flux(name: str) -> NDArray[np.float64]:
    """All values of the file's flux, as astropy reads them, sorted."""
    places = next(places for start, places in FLUXES.items() if name.startswith(start))
    with fits.open(real.FOLDER / name) as file:
        if name.startswith("desi"):
            places = [(file.index_of(f"{arm}_FLUX"), 0) for arm in "BRZ"]
        values = [file[hdu].data if part is None else file[hdu].data[part] for hdu, part in places]
        return np.sort(np.concatenate([np.ravel(v).astype(np.float64) for v in values]))


@pytest.mark.parametrize("name", NAMES)
def test_every_real_spectrum_keeps_its_values(name: str) -> None:
    spectrum = real.spectra(name)[0]
    assert np.array_equal(
        np.sort(spectrum.flux.astype(np.float64)), bare_flux(name), equal_nan=True
    )
    assert np.all(np.diff(spectrum.wavelength) >= 0)
    assert np.all(np.isfinite(spectrum.wavelength))
    for values in (spectrum.error, spectrum.quality, spectrum.order):
        assert values is None or values.shape == spectrum.wavelength.shape
    if spectrum.order is not None:
        for order in np.unique(spectrum.order):
            assert np.all(np.diff(spectrum.wavelength[spectrum.order == order]) > 0)


@pytest.mark.parametrize("name", NAMES)
def test_the_axis_is_where_ingest_has_it(name: str) -> None:
    _, known = real.facts(name)
    if known.em_min is None or known.em_max is None:
        assert any(
            "granted" in note or "XIDL" in note or "CRIRES" in note
            for note in real.spectra(name)[0].notes
        )
        return
    spectrum = real.spectra(name)[0]
    waves = real.angstroms(spectrum) * 1e-10
    shift = 3e-4 if spectrum.medium == "air" else 1e-6
    assert known.em_min == pytest.approx(waves.min(), rel=shift)
    assert known.em_max == pytest.approx(waves.max(), rel=shift)


@pytest.mark.parametrize("name", NAMES)
def test_specutils_reads_every_fits_form(name: str) -> None:
    from specutils import Spectrum as SpecutilsSpectrum  # slow to import: here alone

    document = fits_table(real.spectra(name), real.origin(name))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="Standard Deviation has values of 0 or less")
        read = SpecutilsSpectrum.read(io.BytesIO(document), format="tabular-fits")
    spectrum = real.spectra(name)[0]
    assert np.array_equal(read.spectral_axis.value, spectrum.wavelength)
    assert read.spectral_axis.unit == units.Unit(spectrum.unit)
    assert np.array_equal(read.flux.value, spectrum.flux, equal_nan=True)
    assert read.flux.unit == units.Unit(spectrum.flux_unit or "adu")
    if spectrum.error is not None:
        assert np.array_equal(read.uncertainty.array, spectrum.error, equal_nan=True)


@pytest.mark.parametrize("name", NAMES)
def test_every_votable_keeps_to_the_schema(name: str) -> None:
    found = [real.cut(spectrum, 200) for spectrum in real.spectra(name)]
    valid(votable_of(found, real.origin(name)), "VOTable.xsd")


@pytest.mark.parametrize("name", NAMES if CI else NAMES[::4])
def test_both_forms_hold_the_same(name: str) -> None:
    found = [real.cut(spectrum, 200) for spectrum in real.spectra(name)]
    document = votable_of(found, real.origin(name))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="The unit .* has been deprecated")
        tables = [
            each.to_table(use_names_over_ids=True)
            for each in votable.parse(io.BytesIO(document), verify="exception").iter_tables()
        ]
    with fits.open(io.BytesIO(fits_table(found, real.origin(name)))) as file:
        file.verify("exception")
        assert len(file) == len(tables) + 1 == len(found) + 1
        for number, table in enumerate(tables, start=1):
            same, kept = file[number].data, file[number].columns
            assert kept.names == table.colnames
            for column in table.colnames:
                assert np.array_equal(np.asarray(table[column]), same[column], equal_nan=True)
                assert units.Unit(kept[column].unit or "") == (table[column].unit or units.one)
            header = file[number].header
            assert header["VOCLASS"].startswith("SPECTRUM")
            assert header["TUTYP1"] == "Spectrum.Data.SpectralAxis.Value"
            assert header["TUTYP2"] == "Spectrum.Data.FluxAxis.Value"
            assert header["SRCSHA"] == "0" * 64
            assert header["DATALEN"] == len(same)


MANDATORY = (
    "DataModel",
    "Target.Name",
    "DataID.Title",
    "Curation.Publisher",
    "Char.FluxAxis.Ucd",
    "Char.FluxAxis.Unit",
    "Char.SpectralAxis.Ucd",
    "Char.SpectralAxis.Unit",
    "Char.SpatialAxis.Coverage.Location.Value",
    "Char.SpatialAxis.Coverage.Bounds.Extent",
    "Char.TimeAxis.Coverage.Location.Value",
    "Char.TimeAxis.Coverage.Bounds.Extent",
    "Char.SpectralAxis.Coverage.Location.Value",
    "Char.SpectralAxis.Coverage.Bounds.Extent",
    "Char.SpectralAxis.Coverage.Bounds.Start",
    "Char.SpectralAxis.Coverage.Bounds.Stop",
    "Data.SpectralAxis.Value",
    "Data.FluxAxis.Value",
)


def test_all_that_the_model_demands_is_there() -> None:
    """Spectrum DM 1.2, table 1: MAN."""
    name = next(name for name in NAMES if name.startswith("kpno"))
    document = votable_of(real.spectra(name), real.origin(name)).decode()
    for utype in MANDATORY:
        assert f'utype="spec:Spectrum.{utype}"' in document


def lint(stilts: str, path: Path) -> str:
    command = [stilts, "votlint", "ucd=true", "unit=true", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("name", NAMES[::8] if CI else [n for n in NAMES if "desi/coadd" in n])
def test_votlint_finds_nothing(
    name: str, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    path = tmp_path / "spectrum.vot"
    path.write_bytes(votable_of(real.spectra(name), real.origin(name)))
    assert re.findall(r"^(?:WARNING|ERROR).*", lint(require_tool("stilts"), path), re.M) == []
