"""Air, vacuum, and other spectral units; units of flux in all spellings."""

import warnings

import numpy as np
import pytest
from astropy import units
from hypothesis import given
from hypothesis import strategies as st

from service.errors import UsageError
from service.ingest.wavelength import air_from_vacuum, vacuum_from_air
from service.spectra.conversion import UNITS, convert
from service.spectra.fluxes import flux_ucd, parse_unit, unit_text, vounit_text
from service.spectra.layout import Medium, NotConvertible, Spectrum


def spectrum(waves: list[float], unit: str = "Angstrom", medium: Medium = "vacuum") -> Spectrum:
    return Spectrum(
        wavelength=np.array(waves, dtype=np.float64),
        unit=unit,
        kind="wl",
        medium=medium,
        flux=np.arange(len(waves), dtype=np.float32),
        flux_unit="Jy",
        flux_ucd="phot.flux.density;em.freq",
        error=np.arange(len(waves), dtype=np.float32),
        order=np.arange(len(waves), dtype=np.int32),
    )


@given(st.lists(st.floats(2001.0, 200_000.0), min_size=1, max_size=50))
def test_air_and_vacuum_are_inverse(waves: list[float]) -> None:
    waves = sorted(waves)
    there = convert(spectrum(waves), "air", None)
    back = convert(there, "vacuum", None)
    assert np.abs(back.wavelength - waves).max() < 1e-6
    assert np.all(there.wavelength < waves)


@given(st.floats(2001.0, 100_000.0))
def test_the_formula_is_that_of_specutils(wave: float) -> None:
    """Morton 2000."""
    from specutils.utils.wcs_utils import air_to_vac, vac_to_air  # slow to import: here alone

    value = np.array(wave * 1e-10)
    ours = float(air_from_vacuum(value)) * 1e10
    theirs = vac_to_air(wave * units.AA, method="Morton2000").to_value("Angstrom")
    assert ours == pytest.approx(float(theirs), abs=1e-6)
    ours = float(vacuum_from_air(value)) * 1e10
    theirs = air_to_vac(wave * units.AA, method="Morton2000", scheme="iteration")
    assert ours == pytest.approx(float(theirs.to_value("Angstrom")), abs=1e-4)


@given(st.floats(100.0, 1999.0))
def test_below_200_nm_nothing_changes(wave: float) -> None:
    assert convert(spectrum([wave]), "air", None).wavelength[0] == pytest.approx(wave)
    same = convert(spectrum([wave], medium="air"), "vacuum", None)
    assert same.wavelength[0] == pytest.approx(wave)


@given(
    st.lists(st.floats(1000.0, 50_000.0), min_size=2, max_size=30, unique=True),
    st.sampled_from(sorted(UNITS)),
)
def test_any_unit_and_back(waves: list[float], unit: str) -> None:
    first = spectrum(sorted(waves))
    there = convert(first, None, unit)
    assert (there.unit, there.kind) == (unit, UNITS[unit])
    assert np.all(np.diff(there.wavelength) >= 0)
    expected = (first.wavelength * units.AA).to_value(unit, units.spectral())
    assert np.sort(there.wavelength) == pytest.approx(np.sort(expected), rel=1e-12)
    back = convert(there, None, "Angstrom")
    assert back.wavelength == pytest.approx(first.wavelength, rel=1e-12)
    for name in ("flux", "error", "order"):
        assert np.array_equal(getattr(back, name), getattr(first, name))


def test_frequencies_are_those_of_vacuum() -> None:
    from_air = convert(spectrum([5889.951], medium="air"), None, "Hz")
    from_vacuum = convert(spectrum([5891.583]), None, "Hz")
    assert from_air.medium == "vacuum"
    assert from_air.wavelength == pytest.approx(from_vacuum.wavelength, rel=2e-7)
    back = convert(from_vacuum, "air", "Angstrom")
    assert back.wavelength[0] == pytest.approx(5889.951, abs=2e-3)


def test_what_cannot_be_known_is_said() -> None:
    unknown = spectrum([5000.0], medium="unknown")
    with pytest.raises(NotConvertible, match=r"AIRORVAC.*under \[header\]"):
        convert(unknown, "vacuum", None)
    with pytest.raises(UsageError, match="MEDIUM=air is for wavelengths"):
        convert(spectrum([5000.0]), "air", "eV")
    assert convert(unknown, None, "nm").medium == "unknown"
    assert any("takes it for vacuum" in note for note in convert(unknown, None, "Hz").notes)


FLAM = "erg s-1 cm-2 Angstrom-1"
SPELLINGS = {
    "1E-17 erg/cm^2/s/Ang": (1e-17, FLAM),
    "10**(-16)erg.cm**(-2).s**(-1).angstrom**(-1)": (1e-16, FLAM),
    "erg /s /cm**2 /angstrom": (1, FLAM),
    "10**-17 erg/(s cm2 Angstrom)": (1e-17, FLAM),
    "10^-17 ergs/s/cm^2/A": (1e-17, FLAM),
    "10**(-20)*erg/s/cm**2/Angstrom": (1e-20, FLAM),
    "10-17 erg/cm2/s/A": (1e-17, FLAM),
    "FLAM": (1, FLAM),
    "Flux (10^-17 erg/s/cm^2/Ang)": (1e-17, FLAM),
    "W m-2 nm-1": (1, "W m-2 nm-1"),
    "W/m^2/um": (1, "W m-2 um-1"),
    "MJy/sr": (1, "MJy sr-1"),
    "mJy": (1, "mJy"),
    "counts/s": (1, "ct s-1"),
    "DU/PIXEL": (1, "adu"),
    "ADU": (1, "adu"),
    "electrons": (1, "ct"),
    "e-/s": (1, "ct s-1"),
    "photons/cm^2/s/keV": (1, "photon cm-2 s-1 keV-1"),
    "erg/s/cm^2/Hz": (1, "erg s-1 cm-2 Hz-1"),
}


@pytest.mark.parametrize("written", SPELLINGS)
def test_units_of_flux(written: str) -> None:
    factor, plain = SPELLINGS[written]
    unit = parse_unit(written)
    assert unit is not None
    assert (1 * unit).to_value(units.Unit(plain)) == pytest.approx(factor)
    text = unit_text(unit)
    assert text is not None
    assert units.Unit(text).is_equivalent(plain)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", units.UnitsWarning)  # erg and Angstrom are discouraged
        assert units.Unit(vounit_text(text), format="vounit") == units.Unit(text)


@pytest.mark.parametrize(
    "written", ["Relative Flux", "", " ", None, "Ampere", "10**999 Jy", "((", "/"]
)
def test_units_that_are_not_known(written: str | None) -> None:
    assert parse_unit(written) is None
    assert flux_ucd(None) == "phot.flux.density"


@given(st.text(max_size=40))
def test_any_text_is_a_unit_or_none(text: str) -> None:
    unit = parse_unit(text)
    if unit is not None:
        unit_text(unit)
        flux_ucd(unit)
