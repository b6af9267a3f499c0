"""Every real spectrum, cut in its own layout and in the common one."""

import io
import math
import warnings

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.votable import parse

from service.cutouts.errors import NoOverlap
from service.cutouts.wanted import Interval, Wanted
from service.spectra.axes import grids_of
from service.spectra.conversion import vacuum_metres
from tests.conftest import CI
from tests.cutouts.spectra import Cut, assert_same, cut, read, within
from tests.spectra import real

E2DS = [name for name in real.names() if "e2ds" in name]
# One of each layout, where not all are cut in all ways.
LAYOUTS = (
    "eso-vimos/VANDELS_CDFS_017433.fits",
    "sdss/spec-0411-51817-0119.fits",
    "sdss/SDSSJ220248.31+123656.3.fits",
    "desi/spectra-sv3-dark-26065.fits",
    "eso-crires/220806_1.fits",
    "hst-cos/J095243.05+515121.15.fits.gz",
    "hpf/Goldilocks_20210517T054403_v1.0_0060.spectra.fits",
    "keck-lris/SDSSJ230044.36+015541.7_b400_F.fits",
    "kpno-indous/A0V__153808.fits",
    "arecibo/alfalfa_sp.fits",
)


def middle(name: str, start: float, stop: float) -> Interval:
    """An interval between two points, at fractions of all points in order of wavelength."""
    metres = np.unique(np.concatenate([vacuum_metres(each) for each in real.spectra(name)]))
    place = [int(fraction * (len(metres) - 2)) for fraction in (start, stop)]
    low, high = ((metres[i] + metres[i + 1]) / 2 for i in place)
    return float(low), float(high)


def natively(name: str, band: Interval) -> Cut:
    return cut(real.FOLDER / name, Wanted(band=band), "native", real.facts(name)[0])


@pytest.mark.parametrize("name", real.names())
def test_the_cut_holds_the_points_of_the_original(name: str) -> None:
    band = middle(name, 0.2, 0.7)
    reader = real.facts(name)[0]
    made = natively(name, band)
    assert made.product.media_type == "application/fits"
    assert not made.product.partial
    assert_same(within(read(made.content, reader), band), within(real.spectra(name), band))
    with fits.open(io.BytesIO(made.content)) as file:
        assert "BAND" in " ".join(file[0].header["HISTORY"])
        assert "CHECKSUM" not in file[0].header


@pytest.mark.parametrize("name", real.names() if CI else LAYOUTS)
def test_astropy_reads_the_values_of_the_original(name: str) -> None:
    """All that lies on the points: fluxes, errors, masks, skies, resolutions."""
    band = middle(name, 0.3, 0.6)
    grids = grids_of(real.opened(name), real.facts(name)[0])
    made = natively(name, band)
    with (
        warnings.catch_warnings(),
        fits.open(real.FOLDER / name, memmap=False) as before,
        fits.open(io.BytesIO(made.content), memmap=False) as after,
    ):
        warnings.simplefilter("ignore")
        names = [hdu.name for hdu in before]
        for hdu in after:
            at = names.index(hdu.name) if names.count(hdu.name) == 1 else after.index_of(hdu)
            assert_part(before[at], hdu, band, [g for g in grids if at in g.hdus])


def assert_part(before: fits.ImageHDU, after: fits.ImageHDU, band: Interval, grids: list) -> None:
    if not grids or before.data is None:
        if before.data is not None:
            assert before.data.tobytes() == after.data.tobytes()
        return
    inside = ((grids[0].metres >= band[0]) & (grids[0].metres <= band[1])).any(axis=0)
    lines, points = inside.any(axis=1), np.flatnonzero(inside.any(axis=0))
    if isinstance(before, fits.BinTableHDU):
        for column in after.columns.names:
            whole, kept = np.asarray(before.data[column]), np.asarray(after.data[column])
            if grids[0].layout == "rows":
                np.testing.assert_array_equal(kept, whole[points])
            elif whole.ndim > 1:
                np.testing.assert_array_equal(kept, whole[lines][:, points])
        return
    whole = before.data[..., points[0] : points[-1] + 1]
    whole = whole[lines] if len(lines) > 1 else whole
    np.testing.assert_array_equal(after.data, whole)


@pytest.mark.parametrize("name", real.names() if CI else (*LAYOUTS, *E2DS))
@pytest.mark.parametrize("form", ["votable", "fits"])
def test_the_common_layout_holds_exactly_the_points(name: str, form: str) -> None:
    points = sum(len(each) for each in real.spectra(name))
    band = middle(name, 0.5, min(1.0, 0.5 + 200 / points))
    made = cut(real.FOLDER / name, Wanted(band=band), form, real.facts(name)[0])
    expected = within(real.spectra(name), band)
    if form == "fits":
        with fits.open(io.BytesIO(made.content)) as file:
            assert [len(hdu.data) for hdu in file[1:]] == [len(each) for each in expected]
            for hdu, spectrum in zip(file[1:], expected, strict=True):
                np.testing.assert_array_equal(hdu.data["FLUX"], spectrum.flux)
            assert "points are kept" in " ".join(file[1].header["HISTORY"])
        return
    tables = list(parse(io.BytesIO(made.content)).iter_tables())
    assert [len(table.array) for table in tables] == [len(each) for each in expected]
    np.testing.assert_array_equal(tables[0].array["FLUX"].data, expected[0].flux)


@pytest.mark.parametrize("name", LAYOUTS)
def test_open_intervals_and_those_beyond(name: str) -> None:
    low, high = middle(name, 0.4, 0.5)
    reader = real.facts(name)[0]
    for band in ((-math.inf, high), (low, math.inf)):
        made = natively(name, band)
        assert not made.product.partial
        assert_same(within(read(made.content, reader), band), within(real.spectra(name), band))
    beyond = natively(name, (low, 1e9))
    assert beyond.product.partial
    assert_same(
        within(read(beyond.content, reader), (low, 1e9)),
        within(real.spectra(name), (low, 1e9)),
    )
    for form in ("native", "votable"):
        with pytest.raises(NoOverlap, match="no point of the spectrum lies between"):
            cut(real.FOLDER / name, Wanted(band=(1e-20, 2e-20)), form, reader)


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_whole_file_without_an_interval(name: str) -> None:
    made = cut(real.FOLDER / name, Wanted(), "native", real.facts(name)[0])
    assert made.content == real.opened(name).hdus[0].source.read(0, len(made.content))


@pytest.mark.parametrize("name", E2DS)
def test_orders_are_left_out_with_their_cards(name: str) -> None:
    """The orders of an e2ds are kept whole: their wavelengths are polynomials of pixel numbers."""
    made = natively(name, (5.5e-7, 5.6e-7))
    with fits.open(real.FOLDER / name) as before, fits.open(io.BytesIO(made.content)) as after:
        whole, kept = before[0], after[0]
        orders, pixels = kept.data.shape
        assert (1 < orders < 6, pixels) == (True, whole.data.shape[1])
        first = next(i for i, row in enumerate(whole.data) if np.array_equal(row, kept.data[0]))
        np.testing.assert_array_equal(kept.data, whole.data[first : first + orders])
        for card, each in (("CAL TH COEFF LL", 4), ("CAL LOC CTR", 5), ("SPE EXT SN", 1)):
            there = [key for key in kept.header if key.startswith(f"ESO DRS {card}")]
            assert len(there) == orders * each
            for i in range(orders * each):
                old = whole.header[f"ESO DRS {card}{first * each + i}"]
                assert kept.header[f"ESO DRS {card}{i}"] == old
        assert kept.header["ESO DRS CAL LOC NBO"] == orders
        assert kept.header["ESO DRS CAL TH LINE SPOT3"] == whole.header["ESO DRS CAL TH LINE SPOT3"]


def test_cards_of_the_extent() -> None:
    """ESO Phase 3: NELEM and the bounds are those of what is there."""
    name = "eso-vimos/VANDELS_CDFS_017433.fits"
    made = natively(name, (6e-7, 7e-7))
    with fits.open(io.BytesIO(made.content)) as file:
        table = file[1]
        waves = table.data["WAVE"][0]
        assert table.header["NELEM"] == len(waves)
        assert table.header["TDMIN1"] == waves.min()
        assert table.header["TDMAX1"] == waves.max()
        assert file[0].header["WAVELMIN"] == pytest.approx(waves.min() / 10)
        assert "in air" in " ".join(file[0].header["HISTORY"])
