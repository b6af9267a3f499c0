"""Known lines of real spectra are where they should be, in the medium that is stated.

Wavelengths in Angstrom: of vacuum for spectra in vacuum (SDSS, LAMOST, space), of air for those
taken in air. The centre of a line is the centroid of what exceeds half its height.
"""

import numpy as np
import pytest

from service.spectra.conversion import convert
from service.spectra.layout import Spectrum
from tests.spectra import real

H_ALPHA, H_BETA, O_III, O_III_BLUE = 6564.61, 4862.68, 5008.24, 4960.30
CA_K, NA_D2, NA_D1 = 3934.78, 5891.583, 5897.558
AIR = {H_ALPHA: 6562.79, H_BETA: 4861.33, O_III: 5006.84, CA_K: 3933.66}
AIR |= {NA_D2: 5889.951, NA_D1: 5895.924}


def centre(spectrum: Spectrum, near: float, half: float, sign: int) -> float:
    """The centre of an emission (sign 1) or absorption line (-1) within `half` of `near`."""
    waves, flux = real.angstroms(spectrum), np.asarray(spectrum.flux, dtype=np.float64)
    inside = (np.abs(waves - near) < half) & np.isfinite(flux)
    waves, flux = waves[inside], flux[inside]
    assert waves.size > 5, f"no points around {near}"
    height = sign * (flux - np.median(flux))
    weight = np.clip(height - 0.5 * height.max(), 0, None)
    return float((waves * weight).sum() / weight.sum())


SDSS = "sdss/spec-{}.fits"
EMISSION = [
    ("sdss/SHOC579_SDSS_dr18.fits", H_ALPHA, 0.5),
    ("sdss/SHOC579_SDSS_dr18.fits", O_III, 0.5),
    (SDSS.format("0411-51817-0119"), H_ALPHA, 1.0),
    (SDSS.format("0411-51914-0103"), H_ALPHA, 1.0),
    *(
        (SDSS.format(f"0412-{plate}"), line, 1.5)
        for plate in ("51931-0319", "51936-0318", "51942-0318", "52250-0319", "52254-0320")
        for line in (H_ALPHA, O_III)
    ),
    (SDSS.format("0332-52367-0639"), O_III, 4.0),
    *(
        (f"sdss-rm017/spec-{exposure}.fits", O_III, 4.0)
        for exposure in ("7338-56664-0695", "7339-56783-0735", "7339-56813-0735")
    ),
]


@pytest.mark.parametrize(("name", "line", "within"), EMISSION)
def test_emission_lines_at_the_redshift_of_the_catalogue(
    name: str, line: float, within: float
) -> None:
    known = real.facts(name)[1].spectrum
    assert known is not None
    assert known.redshift is not None
    spectrum = real.spectra(name)[0]
    assert spectrum.medium == "vacuum"
    expected = line * (1 + known.redshift)
    assert centre(spectrum, expected, 15, 1) == pytest.approx(expected, abs=within)


# Name, line in vacuum, redshift or v/c of the object, sign, half width of the search, tolerance.
STARS_IN_AIR = [
    ("eso-harps/sun_harps_ganymede.fits", H_ALPHA, 0.0, 0.1),
    ("eso-harps/sun_harps_ganymede.fits", NA_D2, 0.0, 0.05),
    ("eso-harps/sun_harps_ganymede.fits", NA_D1, 0.0, 0.05),
    ("eso-harps/ADP.2014-09-16T11_04_45.123.fits", H_ALPHA, -1.02e-4, 0.3),
    ("eso-harps/HARPS.2010-09-18T23_42_36.178_s1d_A.fits", NA_D2, -3.1e-5, 0.3),
    ("eso-harps/HARPS.2003-12-13T06_19_48.371_e2ds_A.fits", NA_D2, 0.0, 0.5),
    ("eso-uves/ADP.2020-06-26T11_14_16.092.fits", NA_D2, 0.0, 0.3),
    ("eso-uves/ADP.2020-06-26T11_14_15.747.fits", CA_K, 0.0, 0.3),
    ("eso-uves/ADP.2020-06-19T09_21_44.324.fits", CA_K, 0.0, 0.8),
    ("eso-uves/ADP.2021-09-09T13_16_16.511.fits", NA_D2, 0.0, 0.8),
]


@pytest.mark.parametrize(("name", "line", "velocity", "within"), STARS_IN_AIR)
def test_lines_in_air_and_changed_to_vacuum(
    name: str, line: float, velocity: float, within: float
) -> None:
    spectrum = real.spectra(name)[0]
    assert spectrum.medium == "air"
    in_air = AIR[line] * (1 + velocity)
    assert centre(spectrum, in_air, 1.5, -1) == pytest.approx(in_air, abs=within)
    changed = convert(spectrum, "vacuum", "Angstrom")
    in_vacuum = line * (1 + velocity)
    assert centre(changed, in_vacuum, 1.5, -1) == pytest.approx(in_vacuum, abs=within)


SPACE = [
    ("hst-cos/J095243.05+515121.15.fits.gz", 1215.67, 1, 3.0, 0.2),  # Lyman alpha of the geocorona
    ("hst-cos/J095243.05+515121.15.fits.gz", 1260.42, -1, 1.5, 0.4),  # Si II of the Galaxy
    ("fuse/NGC4151sic2a.fits", 972.54, 1, 2.0, 0.3),  # Lyman gamma of the geocorona
    ("hst-stis/18sco_stis_006.fits", H_BETA, -1, 20.0, 1.0),
    ("hst-stis/18sco_stis_006.fits", H_ALPHA, -1, 20.0, 1.5),
    ("hst-stis/alpha_lyr_stis_011.fits", H_BETA, -1, 20.0, 1.5),
    ("hst-stis/alpha_lyr_stis_011.fits", H_ALPHA, -1, 20.0, 1.5),
]


@pytest.mark.parametrize(("name", "line", "sign", "half", "within"), SPACE)
def test_lines_seen_from_space(
    name: str, line: float, sign: int, half: float, within: float
) -> None:
    assert centre(real.spectra(name)[0], line, half, sign) == pytest.approx(line, abs=within)


# Spectra that do not say their medium: their lines tell it to be air.
GROUND = [
    ("kpno-indous/A0V__153808.fits", AIR[H_BETA], -1, 20.0, 1.0),
    *(
        (f"kpno-indous/{star}.fits", line, -1, 12.0, 0.5)
        for star in ("G8III__125454", "K0III__107418", "K4III__136726")
        for line in (AIR[CA_K], AIR[H_ALPHA])
    ),
    ("gtc-osiris/gp121903_osiris.fits", AIR[O_III] * 1.1956, 1, 15.0, 1.5),
    ("gtc-osiris/gp121903_osiris.fits", AIR[H_ALPHA] * 1.1956, 1, 15.0, 1.5),
    ("wht-isis/IZW18_isis.fits", AIR[O_III] * 1.0025, 1, 8.0, 1.5),
    ("wht-isis/IZW18_isis.fits", AIR[H_ALPHA] * 1.0025, 1, 12.0, 1.5),
]


@pytest.mark.parametrize(("name", "line", "sign", "half", "within"), GROUND)
def test_lines_of_spectra_without_a_medium(
    name: str, line: float, sign: int, half: float, within: float
) -> None:
    spectrum = real.spectra(name)[0]
    assert spectrum.medium == "unknown"
    assert centre(spectrum, line, half, sign) == pytest.approx(line, abs=within)


@pytest.mark.parametrize(
    "name",
    [
        "magellan-mage/UM184_nF.fits",
        "keck-esi/SDSSJ172524.66+303803.9_F.fits",
        "keck-esi/SDSSJ220758.30+125944.3_F.fits",
        "keck-hires/hires_bd17_o2_topocentric_vacuum.fits",
        "aat-2df/emlLinearSkyAirHelioCMB.fits",
        "gtc-osiris/gp121903_osiris.fits",
        "lamost/spec-55859-F5902_sp01-013_dr8.fits.gz",
    ],
)
def test_the_oxygen_of_the_atmosphere(name: str) -> None:
    """The telluric A band, 7594 to 7621 Angstrom."""
    assert 7594 < centre(real.spectra(name)[0], 7605, 25, -1) < 7621


def test_the_quasar_of_xshooter() -> None:
    """Mg II 2798 of BR J2349-3712, z = 4.208."""
    spectrum = real.spectra("eso-xshooter/XShooter_XQ100.fits.gz")[0]
    assert spectrum.medium == "vacuum"
    expected = 2798.75 * 5.208
    assert centre(spectrum, expected, 250, 1) == pytest.approx(expected, rel=0.004)


def test_the_lines_of_a_galaxy_at_redshift_7_8() -> None:
    """[O III] 5008 and 4960 at one redshift, in micrometres."""
    name = "jwst-nirspec/hlsp_ceers_jwst_nirspec_nirspec10-001027_comb-mgrat_v0.7_x1d-masked.fits"
    spectrum = real.spectra(name)[0]
    assert spectrum.unit == "um"
    red = centre(spectrum, 44170, 200, 1)
    redshift = red / O_III - 1
    assert redshift == pytest.approx(7.82, abs=0.01)
    blue = O_III_BLUE * (1 + redshift)
    assert centre(spectrum, blue, 100, 1) == pytest.approx(blue, abs=15)


def test_neutral_hydrogen_is_where_its_velocity_has_it() -> None:
    """Arecibo's frequencies belong to the velocities that the same table gives (21 cm line)."""
    spectrum = real.spectra("arecibo/alfalfa_sp.fits")[0]
    fits = real.opened("arecibo/alfalfa_sp.fits")
    velocities = fits.hdus[1].column(fits.hdus[1].column_number("VHELIO") or 0)
    assert velocities is not None
    assert (spectrum.unit, spectrum.kind) == ("MHz", "freq")
    optical = 299792.458 * (1420.4058 / spectrum.wavelength - 1)
    assert np.sort(optical) == pytest.approx(np.sort(velocities.ravel()), abs=30)


def test_orders_and_arms_are_told_apart() -> None:
    """72 orders of HARPS; three arms of each of five targets of DESI."""
    orders = real.spectra("eso-harps/HARPS.2003-12-13T06_19_48.371_e2ds_A.fits")[0]
    assert orders.order is not None
    assert set(np.unique(orders.order)) == set(range(1, 73))
    arms = real.spectra("desi/coadd-sv3-dark-26065.fits")
    assert len(arms) == 5
    assert {each.target for each in arms} == {each.label for each in arms}
    for each in arms:
        assert each.order is not None
        assert set(np.unique(each.order)) == {1, 2, 3}
        assert each.position is not None
