"""The demo files have the layouts of the archives they imitate, and say that they are simulated."""

import tomllib
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from service.demo.generate import CLUSTER_FIELD, DEFAULT_SEED, generate, write_planet_host


def test_amount(demo: Path) -> None:
    files = list(demo.rglob("*.fits"))
    assert len(files) == 370
    assert sum(path.stat().st_size for path in files) < 60e6


def test_every_file_has_right_checksums_and_says_simulated(demo: Path) -> None:
    for path in demo.rglob("*.fits"):
        with warnings.catch_warnings(), fits.open(path, checksum=True) as hdus:
            warnings.simplefilter("error")
            hdus.verify("exception")
            assert hdus[0].header["TELESCOP"] == "SIMULATED", path
            assert "Simulated data" in str(hdus[0].header["COMMENT"]), path


def test_same_seed_same_bytes(demo: Path, tmp_path: Path) -> None:
    write_planet_host(tmp_path, DEFAULT_SEED)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (demo / "planet-host" / path.name).read_bytes()


def test_another_seed_other_spectra(demo: Path, tmp_path: Path) -> None:
    write_planet_host(tmp_path, DEFAULT_SEED + 1)
    name = "sim-51peg-epoch-01.fits"
    assert (tmp_path / name).read_bytes() != (demo / "planet-host" / name).read_bytes()


def test_phase3_spectrum(demo: Path) -> None:
    with fits.open(demo / "planet-host" / "sim-51peg-epoch-01.fits") as hdus:
        header, table = hdus[0].header, hdus["SPECTRUM"]
        row = table.data[0]
        assert header["PRODCATG"] == "SCIENCE.SPECTRUM"
        assert header["SPECSYS"] == "BARYCENT"
        assert len(table.data) == 1
        assert table.header["NELEM"] == len(row["WAVE"]) == len(row["FLUX"]) == len(row["ERR"])
        assert table.header["TUCD1"] == "em.wl;obs.atmos"
        assert "TDIM1" not in table.header
        assert header["WAVELMIN"] == pytest.approx(row["WAVE"][0] / 10, abs=1e-4)
        assert header["SNR"] == pytest.approx(np.median(row["FLUX"] / row["ERR"]), rel=0.01)
        assert np.all(np.diff(row["WAVE"]) > 0)


def test_spec_lite(demo: Path) -> None:
    path = sorted((demo / "quasars").rglob("spec-*.fits"))[5]
    with fits.open(path) as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "COADD", "SPECOBJ", "SPZLINE"]
        header, coadd, what = hdus[0].header, hdus["COADD"].data, hdus["SPECOBJ"].data[0]
        name = f"spec-{what['PLATE']:04d}-{what['MJD']:05d}-{what['FIBERID']:04d}.fits"
        assert path.name == name
        assert set(coadd.names) >= {"flux", "loglam", "ivar", "and_mask", "sky", "model"}
        assert np.allclose(np.diff(coadd["loglam"].astype(float)), 1e-4, atol=3e-6)
        assert header["PLUG_RA"] == what["PLUG_RA"]
        assert header["RA"] != header["PLUG_RA"]  # boresight and object differ, as in the survey


def test_image(demo: Path) -> None:
    with fits.open(demo / "images" / "frame-g-open-cluster-1.fits") as hdus:
        wcs = WCS(hdus[0].header)
        assert hdus[0].header["BITPIX"] == -32
        assert hdus[0].header["FILTER"] == "g"
        assert list(wcs.wcs.ctype) == ["RA---TAN", "DEC--TAN"]
        x, y = wcs.world_to_pixel_values(*CLUSTER_FIELD)
        assert 0 < float(x) < hdus[0].data.shape[1]
        assert 0 < float(y) < hdus[0].data.shape[0]


def test_collections_are_toml_and_point_to_their_folder(demo: Path) -> None:
    paths = sorted(demo.rglob("collection.toml"))
    described = [tomllib.loads(path.read_text(encoding="utf-8")) for path in paths]
    assert len(paths) == 5
    assert len({collection["name"] for collection in described}) == 5
    for path, collection in zip(paths, described, strict=True):
        assert "imulated" in collection["title"]
        assert list((path.parent / collection["root"]).rglob("*.fits"))


def test_generate_refuses_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("in the way")
    with pytest.raises(OSError, match="demo"):
        generate(tmp_path / "demo")
