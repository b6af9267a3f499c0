"""Layouts written with astropy and read into the one: axes, tables, sets of images, damage."""

import io
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.ingest.facts import Refusal
from service.ingest.fits import Bytes, open_fits, unpack
from service.spectra.conversion import convert
from service.spectra.fits_table import fits_table
from service.spectra.forms import READERS_OF_SPECTRA
from service.spectra.layout import NotConvertible, Spectrum
from service.spectra.reading import BY_READER, read_spectra
from service.spectra.votable import votable
from tests.spectra import real

UNITS = {"Angstrom": "Angstrom", "angstroms": "Angstrom", "nm": "nm", "micron": "um", "m": "m"}
starts = st.floats(1000.0, 50_000.0)
steps = st.floats(0.01, 5.0)
counts = st.integers(2, 300)


def read(*hdus: Any, reader: str | None = None) -> tuple[Spectrum, ...]:
    """Write the HDUs and read their spectra."""
    buffer = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(buffer)
    return read_spectra(open_fits("a.fits", Bytes(unpack(buffer.getvalue()))), reader)


def image(values: NDArray[Any], **cards: Any) -> fits.PrimaryHDU:
    hdu = fits.PrimaryHDU(values)
    hdu.header.update({key.replace("__", "-"): value for key, value in cards.items()})
    return hdu


@given(
    start=starts, step=steps, count=counts, unit=st.sampled_from(sorted(UNITS)), down=st.booleans()
)
def test_linear_axes(start: float, step: float, count: int, unit: str, down: bool) -> None:
    flux = np.arange(count, dtype=np.float32)
    step = -step * 0.5 * start / (step * count) if down else step
    cards = {"CTYPE1": "WAVE", "CUNIT1": unit, "CRVAL1": start, "CDELT1": step, "CRPIX1": 1.0}
    (spectrum,) = read(image(flux, **cards))
    waves = start + step * np.arange(count)
    assert spectrum.unit == UNITS[unit]
    assert spectrum.medium == "vacuum"
    assert spectrum.wavelength == pytest.approx(np.sort(waves), rel=1e-12)
    assert np.array_equal(spectrum.flux, flux[::-1] if down else flux)


@given(start=starts, step=st.floats(1e-6, 1e-3), count=counts, pixel=st.integers(1, 9))
def test_logarithmic_axes(start: float, step: float, count: int, pixel: int) -> None:
    flux = np.ones(count, dtype=np.float32)
    cards = {"CTYPE1": "LINEAR", "CRVAL1": np.log10(start), "CD1_1": step, "CRPIX1": float(pixel)}
    (iraf,) = read(image(flux, DC__FLAG=1, **cards))
    exponents = np.log10(start) + step * (np.arange(count) + 1 - pixel)
    assert iraf.wavelength == pytest.approx(10**exponents, rel=1e-12)
    assert iraf.unit == "Angstrom"
    (paper,) = read(
        image(flux, CTYPE1="AWAV-LOG", CUNIT1="nm", CRVAL1=start, CDELT1=start * step, CRPIX1=1.0)
    )
    assert paper.wavelength == pytest.approx(start * np.exp(step * np.arange(count)), rel=1e-9)
    assert paper.medium == "air"


@given(rest=st.floats(1e9, 1e12), step=st.floats(100.0, 10_000.0), count=counts)
def test_velocities_become_frequencies(rest: float, step: float, count: int) -> None:
    flux = np.arange(count, dtype=np.float32)
    cards = {"CTYPE1": "VRAD", "CUNIT1": "m/s", "CRVAL1": 0.0, "CDELT1": step, "CRPIX1": 1.0}
    (spectrum,) = read(image(flux, RESTFRQ=rest, BUNIT="K", **cards))
    expected = rest * (1 - step * np.arange(count) / 299_792_458) / 1e9
    assert (spectrum.unit, spectrum.kind) == ("GHz", "freq")
    assert spectrum.wavelength == pytest.approx(expected[::-1], rel=1e-12)
    assert np.array_equal(spectrum.flux, flux[::-1])
    assert spectrum.flux_ucd == "phys.temperature"


def test_lines_of_an_image() -> None:
    """IRAF multispec with a band of errors, GAMA's rows, LAMOST's and SDSS's images."""
    spec = 'wtype=multispec spec1 = "1 66 0 5000. 1. 50 0. 1. 1."'
    spec += ' spec2 = "2 65 0 5045. 1. 50 0. 1. 1."'
    values = np.array([np.full((2, 50), 3.0), np.full((2, 50), 0.3)])
    cards = {"CTYPE1": "MULTISPE", "WAT2_001": spec[:68], "WAT2_002": spec[68:]}
    (echelle,) = read(image(values, BANDID1="spectrum", BANDID2="sigma - background", **cards))
    assert echelle.order is not None
    assert np.array_equal(np.unique(echelle.order), [1, 2])
    assert (echelle.wavelength[0], echelle.wavelength[-1]) == (5000.0, 5094.0)
    assert np.all(echelle.flux == 3.0)
    assert echelle.error is not None
    assert np.all(echelle.error == 0.3)
    rows = np.array([np.full(20, 3.0), np.full(20, 0.3), np.full(20, 9.0)])
    cards = {"CTYPE1": "Wavelength", "CUNIT1": "Angstroms", "CRVAL1": 5000.0, "CD1_1": 1.0}
    (gama,) = read(image(rows, ROW1="Spectrum", ROW2="Error", ROW3="Sky", **cards))
    assert gama.error is not None
    assert (gama.flux[0], gama.error[0]) == (3.0, 0.3)
    grid = {"COEFF0": 3.6, "COEFF1": 1e-4, "PLATEID": 1, "VACUUM": True}
    lines = np.array([np.full(20, value) for value in (3.0, 4.0, 0.3, 1.0, 0.0)])
    (lamost,) = read(image(lines, TELESCOP="LAMOST", **grid))
    (sdss,) = read(image(lines, **grid))
    assert lamost.error is not None
    assert sdss.error is not None
    assert (lamost.error[0], sdss.error[0]) == (0.5, 0.3)
    for spectrum in (lamost, sdss):
        assert spectrum.quality is not None
        assert np.all(spectrum.quality == 1)
        assert spectrum.wavelength[0] == pytest.approx(10**3.6)


NAMES = st.sampled_from(
    ["WAVE", "wavelength", "lambda", "WAVELENGTH_VAC", "WAVES", "spectral_axis"]
)


@given(
    count=counts,
    wave=NAMES,
    flux=st.sampled_from(["FLUX", "flux", "FLAM", "FLUX_REDUCED"]),
    error=st.sampled_from(["ERR", "IVAR", "VARIANCE", "FLUX_ERROR", "sigma"]),
    in_cells=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_tables_of_any_naming(
    count: int, wave: str, flux: str, error: str, in_cells: bool, seed: int
) -> None:
    values = np.maximum(np.random.default_rng(seed).normal(1.0, 1.0, count), 0.0)
    waves = 4000.0 + np.arange(count)
    given_error = values.astype(np.float32)
    arrays = {wave: waves, flux: values, error: given_error, "MASK": np.arange(count)}
    columns = [
        fits.Column(
            name,
            f"{count}{letter}" if in_cells else letter,
            unit=unit,
            array=array[None, :] if in_cells else array,
        )
        for (name, array), letter, unit in zip(
            arrays.items(), "DEEJ", ("nm", "Jy", None, None), strict=True
        )
    ]
    (spectrum,) = read(fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns))
    assert np.array_equal(spectrum.wavelength, waves)
    assert np.array_equal(spectrum.flux, values.astype(np.float32))
    assert spectrum.flux_unit == "Jy"
    assert spectrum.quality is not None
    assert np.array_equal(spectrum.quality, np.arange(count))
    with np.errstate(divide="ignore"):
        powers = {"IVAR": 1 / np.sqrt(given_error), "VARIANCE": np.sqrt(given_error)}
    expected = powers.get(error, given_error)
    if error in powers:
        expected = np.where(given_error > 0, expected, np.nan)
    if np.isfinite(expected).any():
        assert spectrum.error == pytest.approx(expected, rel=1e-6, nan_ok=True)
    else:
        assert spectrum.error is None


def column(name: str, form: str, array: Any, unit: str | None = None, **more: Any) -> fits.Column:
    return fits.Column(name, form, unit=unit, array=np.array(array), **more)


def test_null_values_and_scaled_columns() -> None:
    columns = [
        column("WAVE", "D", [1.0, 2.0, 3.0], "um"),
        column("FLUX", "J", [10, -99, 30], "mJy", null=-99),
    ]
    table = fits.BinTableHDU.from_columns(columns)
    (spectrum,) = read(fits.PrimaryHDU(), table)
    assert np.array_equal(spectrum.flux, [10, np.nan, 30], equal_nan=True)
    scaled = image(np.array([1, 2, 3], dtype=np.int16), CTYPE1="WAVE", CUNIT1="nm", CRVAL1=500.0)
    scaled.header.update({"CDELT1": 1.0, "BSCALE": 0.5, "BZERO": 10.0})
    scaled.scale("int16", bscale=0.5, bzero=10.0)
    (spectrum,) = read(scaled)
    assert spectrum.flux == pytest.approx([1.0, 2.0, 3.0])


def test_text_tables_and_compressed_images() -> None:
    table = fits.TableHDU.from_columns(
        [column("WAVE", "F10.3", [500.0, 501.0], "nm"), column("FLUX", "E12.4", [1.5, 2.5], "Jy")]
    )
    (spectrum,) = read(fits.PrimaryHDU(), table)
    assert spectrum.wavelength == pytest.approx([500.0, 501.0])
    assert spectrum.flux == pytest.approx([1.5, 2.5])
    values = np.arange(100, dtype=np.int32).reshape(1, 100)
    packed = fits.CompImageHDU(values, compression_type="RICE_1")
    packed.header.update({"CTYPE1": "WAVE", "CUNIT1": "nm", "CRVAL1": 400.0, "CDELT1": 1.0})
    (spectrum,) = read(fits.PrimaryHDU(), packed)
    assert np.array_equal(spectrum.flux, values[0])


def test_cells_of_different_lengths() -> None:
    """Variable-length arrays: orders of one spectrum."""
    waves = np.array([np.arange(500.0, 510.0), np.arange(520.0, 525.0)], dtype=object)
    flux = np.array([np.ones(10), np.full(5, 2.0)], dtype=object)
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("WAVE", "PD()", unit="nm", array=waves),
            fits.Column("FLUX", "PD()", array=flux),
        ]
    )
    (spectrum,) = read(fits.PrimaryHDU(), table)
    assert len(spectrum) == 15
    assert spectrum.order is not None
    assert np.array_equal(spectrum.order, [1] * 10 + [2] * 5)
    assert "5 points without a wavelength are left out" in spectrum.notes


def extracted(source: int, flux: float) -> fits.BinTableHDU:
    columns = [
        column("WAVELENGTH", "D", np.linspace(1, 5, 50), "um"),
        column("FLUX", "D", np.full(50, flux), "Jy"),
        column("FLUX_ERROR", "D", np.full(50, 0.1), "Jy"),
        column("DQ", "J", np.zeros(50)),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="EXTRACT1D", ver=source)
    table.header["SOURCEID"] = source
    return table


def test_extensions_of_several_sources_are_several_spectra() -> None:
    """JWST x1d of several sources."""
    found = read(fits.PrimaryHDU(), *(extracted(i, float(i)) for i in (1, 2, 3)))
    assert [float(spectrum.flux[0]) for spectrum in found] == [1.0, 2.0, 3.0]
    assert [spectrum.target for spectrum in found] == ["1", "2", "3"]
    with fits.open(io.BytesIO(fits_table(found, real.origin(real.names()[0])))) as file:
        assert [hdu.header["EXTVER"] for hdu in file[1:]] == [1, 2, 3]


def test_images_by_name() -> None:
    waves = np.array([np.linspace(500, 510, 20), np.linspace(508, 518, 20)])
    found = read(
        fits.PrimaryHDU(),
        fits.ImageHDU(np.ones((2, 20)), name="SCIDATA"),
        fits.ImageHDU(np.full((2, 20), 0.5), name="ERRDATA"),
        fits.ImageHDU(np.zeros((2, 20), dtype=np.int16), name="QUALDATA"),
        fits.ImageHDU(waves, name="WAVEDATA_VAC_BARY"),
    )
    (spectrum,) = found
    assert spectrum.medium == "vacuum"
    assert spectrum.order is not None
    assert np.array_equal(np.unique(spectrum.order), [1, 2])
    assert spectrum.error is not None
    assert np.all(spectrum.error == 0.5)
    assert spectrum.quality is not None
    assert any("Angstrom is taken for granted" in note for note in spectrum.notes)


def test_energies_and_inverse_centimetres() -> None:
    for unit, kind in (("keV", "energy"), ("GHz", "freq")):
        columns = [column("ENERGY", "D", [1.0, 2.0, 4.0], unit), column("FLUX", "E", [1, 2, 3])]
        (spectrum,) = read(fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns))
        assert (spectrum.unit, spectrum.kind) == (unit, kind)
        changed = convert(spectrum, None, "nm")
        expected = ([1.0, 2.0, 4.0] * units.Unit(unit)).to_value("nm", units.spectral())
        assert changed.wavelength == pytest.approx(np.sort(expected), rel=1e-9)
        assert np.array_equal(changed.flux, spectrum.flux[::-1])


@pytest.mark.parametrize(
    ("hdus", "said"),
    [
        ([image(np.ones((4, 4)))], "no spectrum of a layout that is known"),
        (
            [
                fits.PrimaryHDU(),
                fits.BinTableHDU.from_columns(
                    [column("WAVE", "D", [0.0, 0.0]), column("FLUX", "D", [1.0, 2.0])]
                ),
            ],
            "column WAVE of HDU 1 holds no value above zero",
        ),
        (
            [
                fits.PrimaryHDU(),
                fits.BinTableHDU.from_columns(
                    [column("WAVE", "2D", [[1.0, 2.0]], "um"), column("FLUX", "3D", [[1, 2, 3]])]
                ),
            ],
            "columns WAVE and FLUX of HDU 1 are not of one length: 2 and 3 values",
        ),
        (
            [
                fits.PrimaryHDU(),
                fits.BinTableHDU.from_columns(
                    [column("WAVE", "D", [1.0, 2.0], "um"), column("FLUX", "3A", ["a", "b"])]
                ),
            ],
            "column FLUX of HDU 1 holds no numbers",
        ),
    ],
)
def test_what_is_wrong_is_named(hdus: list[Any], said: str) -> None:
    with pytest.raises(NotConvertible, match=said):
        read(*hdus)


SMALL = (
    "eso-uves/popler_sample.fits",
    "wht-isis/IZW18_isis.fits",
    "gtc-osiris/gp121903_osiris.fits",
    "eso-vimos/VANDELS_CDFS_017433.fits",
    "aat-2df/emlLinearSkyAirHelioCMB.fits",
    "arecibo/alfalfa_sp.fits",
    "keck-lris/SDSSJ230044.36+015541.7_b400_F.fits",
    "sdss/spec-0411-51817-0119.fits",
)


@given(name=st.sampled_from(SMALL), data=st.data())
def test_damaged_files_are_refused_in_words(name: str, data: st.DataObject) -> None:
    """Bytes of headers and data changed, or the end cut off: a refusal, or a spectrum."""
    content = bytearray((real.FOLDER / name).read_bytes())
    reader = real.facts(name)[0]
    for _ in range(data.draw(st.integers(1, 8))):
        # Headers are where a change does harm; they begin the file.
        place = data.draw(st.integers(0, min(len(content), 40_000) - 1))
        content[place] = data.draw(st.integers(32, 126))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(1, len(content))) :]
    try:
        found = read_spectra(open_fits(name, Bytes(bytes(content))), reader)
        found = tuple(convert(spectrum, None, "nm") for spectrum in found)
    except (Refusal, NotConvertible):
        return
    votable(found, real.origin(name))
    fits_table(found, real.origin(name))


def test_the_forms_are_offered_of_what_is_read() -> None:
    assert set(READERS_OF_SPECTRA) == set(BY_READER)
