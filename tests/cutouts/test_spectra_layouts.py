"""Layouts written with astropy and cut: axes, functions, tables, sets of images, damage."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from service.cutouts.errors import NoOverlap, NotCuttable
from service.cutouts.wanted import Interval, Wanted
from service.ingest.fits import Bytes, open_fits, unpack
from service.ingest.readers import READERS
from service.spectra.conversion import points_of, vacuum_metres
from service.spectra.layout import Spectrum
from tests.conftest import CI
from tests.cutouts.spectra import assert_same, cut, read, within
from tests.spectra import real

counts = st.integers(2, 200)
few = settings(max_examples=300 if CI else 20)
fractions = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("layouts")


def check(folder: Path, hdus: list[Any], ends: list[float], reader: str | None = None) -> bytes:
    """Cut a file of these HDUs at fractions of its range; the points are those of the original."""
    buffer = io.BytesIO()
    fits.HDUList(hdus).writeto(buffer)
    path = folder / "a.fits"
    path.write_bytes(buffer.getvalue())
    file = open_fits("a.fits", Bytes(unpack(buffer.getvalue())))
    reader = reader or next(known.name for known in READERS if known.recognise(file))
    spectra = read(buffer.getvalue(), reader)
    band = between(np.concatenate([vacuum_metres(each) for each in spectra]), ends)
    expected = within(spectra, band)
    if not expected:
        with pytest.raises(NoOverlap):
            cut(path, Wanted(band=band), "native", reader)
        return b""
    made = cut(path, Wanted(band=band), "native", reader)
    with fits.open(io.BytesIO(made.content)) as written:
        written.verify("exception")
    # Of a single point it cannot be told whether lines are orders: all points are compared at once.
    assert_same([joined(within(read(made.content, reader), band))], [joined(expected)])
    return made.content


def joined(spectra: list[Spectrum]) -> Spectrum:
    """The points of all spectra of a file, by wavelength and flux."""
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(each, name) for each in spectra])
        for name in ("wavelength", "flux", "error", "quality")
        if all(getattr(each, name) is not None for each in spectra)
    }
    whole = replace(spectra[0], **({"error": None, "quality": None} | arrays), order=None)
    return points_of(whole, np.lexsort((whole.flux, np.round(whole.wavelength, 6))))


def between(metres: np.ndarray, ends: list[float]) -> Interval:
    """An interval whose ends lie between points, so that rounding decides nothing."""
    known = np.unique(metres)
    if len(known) == 1:
        return float(known[0]) * 0.5, float(known[0]) * 2
    middles = np.concatenate([[known[0] * 0.9], (known[1:] + known[:-1]) / 2, [known[-1] * 1.1]])
    low, high = (float(middles[round(end * (len(middles) - 1))]) for end in ends)
    return low, high


def image(values: Any, **cards: Any) -> fits.PrimaryHDU:
    hdu = fits.PrimaryHDU(values)
    hdu.header.update({key.replace("__", "-"): value for key, value in cards.items()})
    return hdu


@few
@given(
    count=counts,
    ends=fractions,
    step=st.floats(0.01, 5.0),
    pixel=st.floats(-50, 50),
    ctype=st.sampled_from(["WAVE", "AWAV", "AWAV-LOG", "LINEAR", "FREQ", "VRAD"]),
    down=st.booleans(),
    lines=st.integers(1, 3),
)
def test_axes(
    folder: Path,
    count: int,
    ends: list[float],
    step: float,
    pixel: float,
    ctype: str,
    down: bool,
    lines: int,
) -> None:
    """Linear and logarithmic axes, with companions on the same pixels."""
    cards: dict[str, Any] = {"CTYPE1": ctype, "CRPIX1": pixel, "CUNIT1": "nm", "CRVAL1": 5000.0}
    cards["CDELT1"] = -step if down else step
    if ctype in ("FREQ", "VRAD"):
        unit = {"FREQ": ("GHz", 300.0, 0.1), "VRAD": ("km/s", 10.0, 1.0)}[ctype]
        cards |= {"CUNIT1": unit[0], "CRVAL1": unit[1], "CDELT1": cards["CDELT1"] * unit[2]}
        cards["RESTFRQ"] = 3e11
    if ctype == "LINEAR":
        cards |= {"DC-FLAG": 1, "CRVAL1": 3.7, "CDELT1": cards["CDELT1"] * 1e-4, "LTV1": 0.0}
        del cards["CUNIT1"]
    values = np.arange(count * lines, dtype=">f4").reshape(lines, count)
    variance = fits.ImageHDU(values + 1, name="VARIANCE")
    log = fits.BinTableHDU.from_columns([fits.Column("NOTE", "5A", array=["hello"])], name="LOG")
    content = check(folder, [image(values, **cards), variance, log], ends, "iraf")
    if content:
        with fits.open(io.BytesIO(content)) as file:
            assert file["LOG"].data["NOTE"][0] == "hello"
            np.testing.assert_array_equal(file["VARIANCE"].data, file[0].data + 1)


FUNCTIONS = {
    "linear": "0 {start} 1.5 {count} 0. 1. 1.",
    "logarithmic": "1 {log} 1.0e-4 {count} 0. 1. 1.",
    "redshifted": "0 {start} 1.5 {count} 0.01 1. 1.",
    "chebyshev": "2 {start} 1.5 {count} 0. 1. 1. 1. 0. 1 3 1. {count}. {start} 60. 0.5",
    "legendre": "2 {start} 1.5 {count} 0. 1. 1. 1. 0. 2 3 1. {count}. {start} 60. 0.5",
    "two": "2 {start} 1. {count} 0. 1. 1. 0.5 0. 1 2 1. {count}. {start} 60."
    " 0.5 2. 2 2 1. {count}. {start} 60.",
    "spline": "2 {start} 1. {count} 0. 1. 1. 1. 0. 4 2 1. {count}. {start} {middle} {last}",
    "cubic": "2 {start} 1. {count} 0. 1. 1. 1. 0. 3 1 1. {count}. 833 866 899 932",
}


@few
@given(
    kinds=st.lists(st.sampled_from(sorted(FUNCTIONS)), min_size=1, max_size=4),
    count=st.integers(5, 120),
    bands=st.integers(1, 2),
    ends=fractions,
)
def test_dispersion_functions(
    folder: Path, kinds: list[str], count: int, bands: int, ends: list[float]
) -> None:
    """IRAF's multispec: orders without a point are left out, the functions of others shifted."""
    text = "wtype=multispec"
    cards: dict[str, Any] = {"CTYPE1": "MULTISPE", "CTYPE2": "MULTISPE", "WAT0_001": "system=x"}
    for i, kind in enumerate(kinds):
        start = 5000.0 + 150 * i
        known = {"start": start, "log": np.log10(start), "count": count - (i == 1)}
        known |= {"middle": start + 50, "last": start + 120}
        text += f' spec{i + 1} = "{i + 1} {90 - i} {FUNCTIONS[kind].format(**known)}"'
        cards[f"APNUM{i + 1}"] = f"{i + 1} {90 - i} 1.0 2.0"
    for number, at in enumerate(range(0, len(text), 68), start=1):
        cards[f"WAT2_{number:03d}"] = text[at : at + 68]
    values = np.arange(bands * len(kinds) * count, dtype=np.float32) + 1
    shaped = values.reshape(bands, len(kinds), count)
    cards |= {"BANDID1": "spectrum", "BANDID2": "sigma"}
    content = check(folder, [image(shaped if bands > 1 else shaped[0], **cards)], ends, "iraf")
    if content:
        header = fits.getheader(io.BytesIO(content))
        assert len([key for key in header if key.startswith("APNUM")]) == header.get("NAXIS2", 1)


@few
@given(
    count=counts,
    rows=st.integers(1, 3),
    ends=fractions,
    shuffled=st.booleans(),
    unit=st.sampled_from(["nm", "Angstrom", "keV"]),
)
def test_arrays_in_cells(
    folder: Path, count: int, rows: int, ends: list[float], shuffled: bool, unit: str
) -> None:
    """Rows of orders, cells of two dimensions, NELEM, columns that are no points."""
    waves = np.array([400.0 + 90 * row + np.arange(count) for row in range(rows)])
    if shuffled:
        waves = waves[:, np.random.default_rng(count).permutation(count)]
    flux = np.arange(rows * count, dtype=np.float32).reshape(rows, count)
    filled = count - (count > 4)
    cube = np.arange(rows * 3 * count, dtype=np.int16).reshape(rows, 3, count)
    columns = [
        fits.Column("SEGMENT", "4A", array=["FUVA"] * rows),
        fits.Column("NELEM", "J", array=[filled] * rows),
        fits.Column("WAVE", f"{count}D", unit=unit, array=waves),
        fits.Column("FLUX", f"{count}E", unit="Jy", array=flux),
        fits.Column("MASK", f"{count}J", array=np.arange(rows * count).reshape(rows, count)),
        fits.Column("KERNEL", f"{3 * count}I", dim=f"({count},3)", array=cube),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="SCI")
    content = check(folder, [fits.PrimaryHDU(), table], ends)
    if content:
        with fits.open(io.BytesIO(content)) as file:
            points = file[1].data["WAVE"].size // len(file[1].data)
            assert file[1].data["KERNEL"].shape[1:] == (3, points)
            assert np.all(file[1].data["NELEM"] <= points)
            assert set(file[1].data["SEGMENT"]) == {"FUVA"}


@few
@given(count=counts, ends=fractions, air=st.booleans(), heap=st.booleans())
def test_a_row_a_point(folder: Path, count: int, ends: list[float], air: bool, heap: bool) -> None:
    """Tables of rows, with a mask beside them, unsigned numbers, nulls and arrays of any length."""
    columns = [
        fits.Column("WAVE", "D", unit="um", array=0.4 + 1e-3 * np.arange(count)),
        fits.Column("FLUX", "J", unit="mJy", null=-9, array=np.arange(count) - 9),
        fits.Column("BITS", "11X", array=np.arange(count * 11).reshape(count, 11) % 3 == 0),
        fits.Column("QUALITY", "I", bzero=32768, array=np.arange(count, dtype=np.uint16)),
    ]
    if heap:
        lists = np.array([np.arange(i % 3, dtype=np.int16) for i in range(count)], dtype=object)
        columns.append(fits.Column("LIST", "PI()", array=lists))
    table = fits.BinTableHDU.from_columns(columns)
    table.header["AIRORVAC"] = "air" if air else "vacuum"
    mask = fits.ImageHDU(np.arange(count, dtype=np.int32), name="POINTS")
    content = check(folder, [fits.PrimaryHDU(), table, mask], ends)
    if content:
        with fits.open(io.BytesIO(content)) as file:
            kept = file["POINTS"].data
            np.testing.assert_array_equal(file[1].data["QUALITY"], kept)
            expected = (np.arange(count * 11).reshape(count, 11) % 3 == 0)[kept]
            np.testing.assert_array_equal(file[1].data["BITS"], expected)
            if heap:
                assert [list(each) for each in file[1].data["LIST"]] == [
                    list(range(i % 3)) for i in kept
                ]


@few
@given(ends=fractions, count=counts, orders=st.integers(1, 4), packed=st.booleans())
def test_images_of_wavelengths(
    folder: Path, ends: list[float], count: int, orders: int, packed: bool
) -> None:
    """Orders, their errors and masks, also compressed ones, of one shape."""
    waves = np.array([500.0 + 80 * i + np.arange(count) for i in range(orders)])
    flux = np.arange(orders * count, dtype=np.float32).reshape(orders, count)
    kind = fits.CompImageHDU if packed else fits.ImageHDU
    mask = np.arange(orders * count, dtype=np.int32).reshape(orders, count)
    hdus = [
        fits.PrimaryHDU(),
        fits.ImageHDU(flux, name="FLUX"),
        fits.ImageHDU(flux + 1, name="ERR"),
        kind(mask, name="QUALITY"),
        fits.ImageHDU(waves, name="WAVELENGTH_VAC"),
    ]
    hdus[4].header["BUNIT"] = "nm"
    content = check(folder, hdus, ends, "image_set")
    if content:
        with fits.open(io.BytesIO(content)) as file:
            np.testing.assert_array_equal(file["QUALITY"].data, file["FLUX"].data.astype(int))


@few
@given(ends=fractions, lengths=st.lists(st.integers(1, 60), min_size=1, max_size=4))
def test_arrays_of_any_length(folder: Path, ends: list[float], lengths: list[int]) -> None:
    """Each row by its own points; other arrays and cells stay."""

    def lists(make: Any) -> Any:
        made = np.empty(len(lengths), dtype=object)
        made[:] = [make(i, length) for i, length in enumerate(lengths)]
        return made

    columns = [
        fits.Column("ORDER", "I", array=np.arange(len(lengths))),
        fits.Column(
            "WAVE", "PD()", unit="nm", array=lists(lambda i, n: 500 + 80.0 * i + np.arange(n))
        ),
        fits.Column("FLUX", "QE()", array=lists(lambda i, n: np.arange(n, dtype=np.float32))),
        fits.Column("NOTE", "PI()", array=lists(lambda i, n: np.arange(n + 1, dtype=np.int16))),
    ]
    content = check(folder, [fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)], ends)
    if content:
        with fits.open(io.BytesIO(content)) as file:
            for row in file[1].data:
                assert len(row["WAVE"]) == len(row["FLUX"]) > 0
                assert list(row["NOTE"]) == list(range(lengths[row["ORDER"]] + 1))


def test_what_cannot_be_cut_is_named(folder: Path) -> None:
    waves = 500.0 + np.arange(16)
    bits = np.zeros((1, 16), dtype=bool)
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("WAVE", "16D", unit="nm", array=waves[None]),
            fits.Column("FLUX", "16D", array=waves[None]),
            fits.Column("FLAGS", "16X", array=bits),
        ]
    )
    path = folder / "bits.fits"
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    with pytest.raises(NotCuttable, match=r"bits.fits cannot be cut: column FLAGS of HDU 1 holds"):
        cut(path, Wanted(band=(5.009e-7, 5.031e-7)), "native", "table_spectrum")
    common = cut(path, Wanted(band=(5.009e-7, 5.031e-7)), "fits", "table_spectrum")
    with fits.open(io.BytesIO(common.content)) as file:
        np.testing.assert_array_equal(file[1].data["WAVE"], [501, 502, 503])
    with pytest.raises(NoOverlap, match="but no point between the two"):
        cut(path.with_name("a.fits"), Wanted(band=narrow(folder)), "native", "table_spectrum")


def narrow(folder: Path) -> Interval:
    """Write a.fits; an interval between two of its points."""
    columns = [
        fits.Column("WAVE", "D", unit="nm", array=[500.0, 501.0]),
        fits.Column("FLUX", "E", array=[1.0, 2.0]),
    ]
    hdus = [fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]
    fits.HDUList(hdus).writeto(folder / "a.fits", overwrite=True)
    return 5.002e-7, 5.004e-7


SMALL = (
    "eso-uves/popler_sample.fits",
    "wht-isis/IZW18_isis.fits",
    "eso-vimos/VANDELS_CDFS_017433.fits",
    "aat-2df/emlLinearSkyAirHelioCMB.fits",
    "arecibo/alfalfa_sp.fits",
    "keck-lris/SDSSJ230044.36+015541.7_b400_F.fits",
    "sdss/spec-0411-51817-0119.fits",
)


@few
@given(name=st.sampled_from(SMALL), data=st.data())
def test_damage_is_refused_in_words(folder: Path, name: str, data: st.DataObject) -> None:
    """Bytes of headers and data changed, or the end cut off: a refusal, or a file."""
    content = bytearray((real.FOLDER / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, min(len(content), 40_000) - 1))
        content[place] = data.draw(st.integers(32, 126))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(1, len(content))) :]
    path = folder / "damaged.fits"
    path.write_bytes(bytes(content))
    reader = real.facts(name)[0]
    for form in ("native", "fits"):
        try:
            made = cut(path, Wanted(band=(4e-7, 6.2e-7)), form, reader)
        except (NotCuttable, NoOverlap):
            continue
        assert len(made.content) % 2880 == 0
