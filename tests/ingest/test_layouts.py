"""Layouts written with astropy and read back: axes, tables, multispec, images, compression."""

import io
import math
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import chebyshev, legendre

from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import Bytes, open_fits, unpack
from service.ingest.readers import READERS, read_facts
from service.ingest.sky import separation
from service.ingest.wavelength import vacuum_from_air

UNITS = {"Angstrom": 1e-10, "angstroms": 1e-10, "nm": 1e-9, "um": 1e-6, "micron": 1e-6, "m": 1.0}
waves = st.floats(1000.0, 50_000.0)
steps = st.floats(0.01, 5.0)
counts = st.integers(2, 300)


def read(hdus: fits.HDUList, path: str = "file.fits", **header: Any) -> tuple[str, DatasetFacts]:
    """Write the HDUs and read their facts."""
    buffer = io.BytesIO()
    hdus.writeto(buffer)
    return read_facts(open_fits(path, Bytes(unpack(buffer.getvalue())), header))


def image_spectrum(count: int, **cards: Any) -> fits.HDUList:
    hdu = fits.PrimaryHDU(np.ones(count, dtype=np.float32))
    for card, value in cards.items():
        hdu.header[card.replace("__", "-")] = value
    return fits.HDUList([hdu])


@given(start=waves, step=steps, count=counts, unit=st.sampled_from(sorted(UNITS)))
def test_linear_axis(start: float, step: float, count: int, unit: str) -> None:
    hdus = image_spectrum(count, CTYPE1="WAVE", CUNIT1=unit, CRVAL1=start, CDELT1=step, CRPIX1=1.0)
    reader, facts = read(hdus)
    end = start + step * (count - 1)
    assert reader == "iraf"
    assert facts.em_xel == count
    assert facts.em_min == pytest.approx(start * UNITS[unit])
    assert facts.em_max == pytest.approx(end * UNITS[unit])
    assert facts.spectrum is not None
    assert facts.spectrum.wavelength_medium == "vacuum"


@given(start=waves, step=steps, count=counts)
def test_air_becomes_vacuum(start: float, step: float, count: int) -> None:
    hdus = image_spectrum(count, CTYPE1="AWAV", CUNIT1="Angstrom", CRVAL1=start, CDELT1=step)
    _, facts = read(hdus)
    assert facts.em_min == pytest.approx(float(vacuum_from_air(np.array(start * 1e-10))), rel=1e-12)
    if start > 2000:
        assert 1.00026 < (facts.em_min or 0) / (start * 1e-10) < 1.00033


@pytest.mark.parametrize(
    ("air", "vacuum"), [(4861.363, 4862.721), (5006.843, 5008.240), (6562.852, 6564.665)]
)
def test_air_to_vacuum_of_known_lines(air: float, vacuum: float) -> None:
    """H beta, [O III], H alpha in Angstrom."""
    assert float(vacuum_from_air(np.array(air * 1e-10))) * 1e10 == pytest.approx(vacuum, abs=0.01)


@given(start=st.floats(3.4, 3.9), step=st.floats(1e-6, 1e-3), count=counts, pixel=st.integers(1, 9))
def test_iraf_log_linear(start: float, step: float, count: int, pixel: int) -> None:
    hdus = image_spectrum(
        count, CTYPE1="LINEAR", CRVAL1=start, CD1_1=step, CRPIX1=pixel, DC__FLAG=1
    )
    _, facts = read(hdus)
    first = start + (1 - pixel) * step
    assert facts.em_min == pytest.approx(10**first * 1e-10)
    assert facts.em_max == pytest.approx(10 ** (first + (count - 1) * step) * 1e-10)


@pytest.mark.parametrize(
    "cards",
    [
        {"CTYPE1": "LINEAR", "CRVAL1": 4000.0, "CDELT1": 1.0},
        {"CTYPE1": "WAVELENGTH", "CRVAL1": 4000.0, "CDELT1": 1.0},
        {"CTYPE1": "LINEAR", "CUNIT1": "furlong", "CRVAL1": 4000.0, "CDELT1": 1.0, "DC__FLAG": 0},
    ],
)
def test_without_a_unit_nothing_is_guessed(cards: dict[str, Any]) -> None:
    _, facts = read(image_spectrum(100, **cards))
    assert (facts.em_min, facts.em_max) == (None, None)
    _, facts = read(image_spectrum(100, **cards), CUNIT1="nm")
    assert facts.em_min == pytest.approx(4e-6)


def multispec(specs: list[str], count: int, units: str = "angstroms") -> fits.HDUList:
    hdu = fits.PrimaryHDU(np.ones((len(specs), count), dtype=np.float32))
    hdu.header.update({"CTYPE1": "MULTISPE", "CTYPE2": "MULTISPE", "WCSDIM": 2})
    text = "wtype=multispec " + " ".join(f'spec{i + 1} = "{s}"' for i, s in enumerate(specs))
    hdu.header["WAT1_001"] = f"wtype=multispec label=Wavelength units={units}"
    for n, at in enumerate(range(0, len(text), 68), start=1):
        hdu.header[f"WAT2_{n:03d}"] = text[at : at + 68]
    return fits.HDUList([hdu])


@given(start=waves, step=steps, count=counts, z=st.floats(-0.01, 3.0))
def test_multispec_linear(start: float, step: float, count: int, z: float) -> None:
    specs = [f"{i + 1} {i + 1} 0 {start + 100 * i!r} {step!r} {count} {z!r} 0. 1." for i in (0, 1)]
    reader, facts = read(multispec(specs, count))
    end = start + 100 + step * (count - 1)
    assert reader == "iraf"
    assert facts.em_xel == 2 * count
    assert facts.em_min == pytest.approx(start / (1 + z) * 1e-10)
    assert facts.em_max == pytest.approx(end / (1 + z) * 1e-10)


@pytest.mark.parametrize(("kind", "function"), [(1, chebyshev.chebval), (2, legendre.legval)])
def test_multispec_polynomials(kind: int, function: Any) -> None:
    terms, count = [5000.0, 400.0, -3.0, 0.5], 200
    words = " ".join(str(t) for t in terms)
    spec = f"1 5 2 4600 4 {count} 0. 1. 2. 1. 0. {kind} {len(terms)} 1. {count}. {words}"
    _, facts = read(multispec([spec], count))
    x = np.linspace(-1, 1, count)
    assert facts.em_min == pytest.approx(function(x, terms).min() * 1e-10)
    assert facts.em_max == pytest.approx(function(x, terms).max() * 1e-10)


def test_multispec_splines_are_exact_for_straight_lines() -> None:
    """A linear spline through a line, and a cubic B-spline with equally spaced coefficients."""
    linear = "1 1 2 4000 1 101 0. 1. 2. 1. 0. 4 2 1. 101. 4000. 4500. 5000."
    _, facts = read(multispec([linear], 101))
    assert (facts.em_min, facts.em_max) == pytest.approx((4e-7, 5e-7))
    cubic = "1 1 2 4000 1 101 0. 1. 2. 1. 0. 3 2 1. 101. 500. 750. 1000. 1250. 1500."
    _, facts = read(multispec([cubic], 101))
    assert facts.em_min == pytest.approx(4.5e-7)
    assert facts.em_max == pytest.approx(7.5e-7)


@given(
    start=waves,
    count=counts,
    unit=st.sampled_from(sorted(UNITS)),
    name=st.sampled_from(["WAVE", "wavelength", "Lambda", "WAVE_AIR", "WAVELENGTH_VAC"]),
    in_cells=st.booleans(),
)
def test_table_with_units(start: float, count: int, unit: str, name: str, in_cells: bool) -> None:
    wave = np.linspace(start, start * 1.5, count)
    form, array = (f"{count}D", [wave]) if in_cells else ("D", wave)
    flux = (f"{count}E", [np.ones(count)]) if in_cells else ("E", np.ones(count))
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("ID", "10A", array=["x"] * (1 if in_cells else count)),
            fits.Column(name, form, unit=unit, array=array),
            fits.Column("FLUX", flux[0], unit="erg/s/cm2/Angstrom", array=flux[1]),
        ]
    )
    reader, facts = read(fits.HDUList([fits.PrimaryHDU(), table]))
    metres = start * UNITS[unit]
    if name == "WAVE_AIR":
        metres = float(vacuum_from_air(np.array(metres)))
    assert reader == "table_spectrum"
    assert facts.em_min == pytest.approx(metres)
    assert facts.em_xel == count
    assert facts.o_ucd == "phot.flux.density;em.wl"


def test_a_table_without_unit_says_nothing_of_wavelengths() -> None:
    columns = [
        fits.Column("WAVE", "D", array=np.arange(4000.0, 4010.0)),
        fits.Column("FLUX", "E", array=np.ones(10)),
    ]
    _, facts = read(fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]))
    assert (facts.em_min, facts.em_xel) == (None, 10)


def test_two_fluxes_are_told_apart_by_utype() -> None:
    columns = [
        fits.Column("WAVE", "3D", unit="nm", array=[[1.0, 2.0, 3.0]]),
        fits.Column("FLUX_REDUCED", "3E", unit="adu", array=[[1, 1, 1]]),
        fits.Column("FLUX", "3E", unit="Jy", array=[[1, 1, 1]]),
    ]
    table = fits.BinTableHDU.from_columns(columns)
    table.header.update({"VOCLASS": "SPECTRUM v2.0", "TUCD1": "em.wl;obs.atmos"})
    table.header.update({"TUTYP1": "spec:Data.SpectralAxis.Value"})
    table.header.update({"TUTYP2": "eso:Data.FluxAxis.Value", "TUTYP3": "spec:Data.FluxAxis.Value"})
    reader, facts = read(fits.HDUList([fits.PrimaryHDU(), table]))
    assert reader == "eso_phase3"
    assert facts.o_unit == "Jy"
    assert facts.spectrum is not None
    assert facts.spectrum.wavelength_medium == "air"


def image(width: int, height: int, **cards: Any) -> fits.PrimaryHDU:
    hdu = fits.PrimaryHDU(np.zeros((height, width), dtype=np.int16))
    hdu.header.update({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "RADESYS": "ICRS"})
    hdu.header.update({"CRPIX1": (width + 1) / 2, "CRPIX2": (height + 1) / 2})
    hdu.header.update(cards)
    return hdu


@given(
    ra=st.floats(0, 359.99),
    dec=st.floats(-89, 89),
    width=st.integers(2, 400),
    height=st.integers(2, 400),
    angle=st.floats(0, 360),
    mirrored=st.booleans(),
)
def test_footprint_of_an_image(
    ra: float, dec: float, width: int, height: int, angle: float, mirrored: bool
) -> None:
    """Corners as astropy.wcs has them, counter-clockwise whichever way the image is turned."""
    c, s = math.cos(math.radians(angle)) * 1e-3, math.sin(math.radians(angle)) * 1e-3
    sign = 1 if mirrored else -1
    hdu = image(width, height, CRVAL1=ra, CRVAL2=dec)
    hdu.header.update({"CD1_1": sign * c, "CD1_2": s, "CD2_1": -sign * s, "CD2_2": c})
    reader, facts = read(fits.HDUList([hdu]))
    assert reader == "wcs_image"
    assert facts.vertices is not None
    corners = [(0.5, 0.5), (width + 0.5, 0.5), (width + 0.5, height + 0.5), (0.5, height + 0.5)]
    expected = WCS(hdu.header).all_pix2world(corners, 1)
    vertices = np.reshape(facts.vertices, (-1, 2))
    for corner in expected:
        assert min(separation(*vertex, *corner) for vertex in vertices) < 1e-7
    assert facts.s_ra is not None
    assert facts.s_dec is not None
    assert separation(facts.s_ra, facts.s_dec, ra, dec) < 1e-8
    # Seen from inside, with north up and east to the left, the position angle grows.
    east = np.cos(np.radians(dec)) * ((vertices[:, 0] - ra + 180) % 360 - 180)
    if abs(dec) < 60:
        north = vertices[:, 1] - dec
        turn = np.sum(np.roll(east, -1) * north - east * np.roll(north, -1))
        assert turn > 0


def test_a_compressed_image_is_the_same_image() -> None:
    plain = image(60, 40, CRVAL1=10.0, CRVAL2=20.0, CDELT1=-1e-3, CDELT2=1e-3, OBJECT="A")
    packed = fits.CompImageHDU(plain.data, plain.header)
    assert read(fits.HDUList([plain])) == read(fits.HDUList([fits.PrimaryHDU(), packed]))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("c4d_141029_043225_ooi_g_ls9.fits", None),
        ("c4d_141029_043225_ood_g_ls9.fits", "mask"),
        ("c4d_141029_043225_oow_g_ls9.fits.fz", "weight"),
        ("field.weight.fits", "weight"),
        ("field.wht.fits.gz", "weight"),
        ("jx_dq.fits", "mask"),
        ("weighty.fits", None),
    ],
)
def test_masks_and_weights_are_told_by_the_names_archives_give(name: str, kind: str | None) -> None:
    hdu = image(8, 8, CRVAL1=10.0, CRVAL2=20.0, CDELT1=-1e-3, CDELT2=1e-3)
    _, facts = read(fits.HDUList([hdu]), path=f"night/{name}")
    assert facts.dataproduct_subtype == kind
    assert (facts.o_ucd in ("stat.weight", "meta.code.qual")) == (kind is not None)


def test_a_mosaic_is_outlined_by_its_hull() -> None:
    hdus = fits.HDUList([fits.PrimaryHDU()])
    for i, ra in enumerate((10.0, 10.2)):
        cards = {"CRVAL1": ra, "CRVAL2": 0.0, "CDELT1": -1e-3, "CDELT2": 1e-3, "CCDNUM": i}
        chip = image(100, 100, **cards)
        hdus.append(fits.ImageHDU(chip.data, chip.header, name=f"S{i}"))
    _, facts = read(hdus)
    assert facts.vertices is not None
    assert min(facts.vertices[::2]) == pytest.approx(9.95, abs=1e-4)
    assert max(facts.vertices[::2]) == pytest.approx(10.25, abs=1e-4)
    assert len(facts.vertices) == 8


def test_a_cube_with_frequencies() -> None:
    hdu = fits.PrimaryHDU(np.zeros((20, 6, 6), dtype=np.float32))
    hdu.header.update({"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CTYPE3": "FREQ"})
    hdu.header.update({"CRPIX1": 3.5, "CRPIX2": 3.5, "CRVAL1": 10.0, "CRVAL2": 20.0})
    hdu.header.update({"CDELT1": -1e-3, "CDELT2": 1e-3, "CUNIT3": "Hz"})
    hdu.header.update({"CRVAL3": 1.4e9, "CDELT3": 1e6, "CRPIX3": 1, "BUNIT": "Jy/beam"})
    reader, facts = read(fits.HDUList([hdu]))
    assert (reader, facts.dataproduct_type, facts.em_xel) == ("cube", "cube", 20)
    assert facts.em_min == pytest.approx(299792458 / 1.419e9)
    assert facts.em_max == pytest.approx(299792458 / 1.4e9)
    assert facts.o_ucd == "phot.flux.density.sb"


@pytest.mark.parametrize("celestial", [(1, 2), (2, 3)])
def test_an_image_in_each_state_of_polarization(celestial: tuple[int, int]) -> None:
    lon, lat = celestial
    stokes = 6 - lon - lat
    shape = [8, 8, 8]
    shape[3 - stokes] = 4
    hdu = fits.PrimaryHDU(np.zeros(shape, dtype=np.float32))
    hdu.header.update({f"CTYPE{lon}": "RA---SIN", f"CTYPE{lat}": "DEC--SIN"})
    hdu.header.update({f"CRVAL{lon}": 10.0, f"CRVAL{lat}": 20.0})
    hdu.header.update({f"CRPIX{lon}": 4.5, f"CRPIX{lat}": 4.5})
    hdu.header.update({f"CDELT{lon}": -1e-3, f"CDELT{lat}": 1e-3})
    hdu.header.update({f"CTYPE{stokes}": "STOKES", f"CRVAL{stokes}": 1.0, f"CDELT{stokes}": 1.0})
    hdu.header[f"CRPIX{stokes}"] = 1.0
    reader, facts = read(fits.HDUList([hdu]))
    assert (reader, facts.dataproduct_type) == ("wcs_image", "cube")
    assert (facts.pol_states, facts.pol_xel) == ("/I/Q/U/V/", 4)
    assert (facts.s_ra, facts.s_dec) == pytest.approx((10.0, 20.0))
    assert (facts.s_xel1, facts.s_xel2) == (8, 8)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: str(reader.name))
def test_a_reader_that_is_chosen_wrongly_refuses(reader: Any) -> None:
    """collection.toml may name any reader; on a file of another kind it says what is missing."""
    table = fits.BinTableHDU.from_columns([fits.Column("A", "J", array=[1, 2])])
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(buffer)
    file = open_fits("x.fits", Bytes(buffer.getvalue()))
    with pytest.raises(Refusal):
        read_facts(file, reader.name)


def test_first_wavelength_and_step_in_a_row() -> None:
    """IUE's low dispersion tables (MXLO): WAVELENGTH and DELTAW are numbers, FLUX is an array."""
    columns = [
        fits.Column("WAVELENGTH", "E", unit="ANGSTROM", array=[1050.0]),
        fits.Column("DELTAW", "E", unit="ANGSTROM", array=[2.0]),
        fits.Column("FLUX", "640E", unit="ERG/CM2/S/A", array=[np.ones(640)]),
    ]
    _, facts = read(fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]))
    assert (facts.em_min, facts.em_max) == pytest.approx((1.05e-7, 2.328e-7))
    assert facts.em_xel == 640
