"""Every real FITS file of ../shared/data against independently measured facts (facts.json).

Conversions stated there: wave_* are the file's values (air stays air), RA of HET's TCS is in hours
and of date, positions may be FK5.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import FK5, ICRS, SkyCoord
from astropy.io import fits as pyfits
from astropy.time import Time

from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import Bytes, open_fits, unpack
from service.ingest.readers import read_facts
from service.ingest.sky import separation
from service.ingest.wavelength import vacuum_from_air
from tests.conftest import ROOT, absent

DATA = ROOT.parent / "shared" / "data"
FOLDERS = ("spectra", "images", "cubes", "timeseries")
ARCSECOND = 1 / 3600


def _oracle() -> dict[str, dict[str, Any]]:
    if not (DATA / "facts.json").is_file():
        return {}
    entries = json.loads((DATA / "facts.json").read_text())
    return {
        entry["file"]: entry["fits"]
        for entry in entries
        if entry["file"].split("/")[0] in FOLDERS and "fits" in entry
    }


ORACLE = _oracle()


@cache
def _read(path: str) -> tuple[str, DatasetFacts] | Refusal:
    data = (DATA / path).read_bytes()
    try:
        return read_facts(open_fits(path, Bytes(unpack(data)), root=str(DATA)))
    except Refusal as refusal:
        return refusal


def _holds_data(facts: dict[str, Any]) -> bool:
    """Whether a file holds an image or spectrum, by the oracle alone."""
    if "wcs" in facts or "wave_column" in facts or "freq_range" in facts:
        return True
    return any(shape for _, kind, shape in facts["hdus"] if kind in ("Primary", "Image"))


def test_the_oracle_is_there() -> None:
    if not ORACLE:
        absent("no ../shared/data/facts.json beside the repository")
    assert len(ORACLE) > 150


def test_nearly_all_files_are_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    """Nine in ten over all, and some in every folder that holds an image or a spectrum."""
    if not ORACLE:
        absent("no ../shared/data beside the repository")
    accepted = [path for path in ORACLE if not isinstance(_read(path), Refusal)]
    eligible = [path for path, facts in ORACLE.items() if _holds_data(facts)]
    with capsys.disabled():
        print(f"\naccepted {len(accepted)} of {len(ORACLE)} files ({len(eligible)} hold data)")
    assert len(accepted) >= 0.9 * len(ORACLE)
    assert {str(Path(path).parent) for path in eligible} <= {
        str(Path(path).parent) for path in accepted
    }
    assert set(eligible) <= set(accepted)


@pytest.mark.parametrize("path", sorted(ORACLE))
def test_facts(path: str) -> None:
    """Each value the oracle knows and the archive states agree; refusals name a true reason."""
    result, facts = _read(path), ORACLE[path]
    if isinstance(result, Refusal):
        assert not _holds_data(facts)
        assert "columns" in str(result)
        return
    _, found = result
    for check in (_names, _position, _image, _wavelengths, _times):
        check(found, facts, path)


def _names(found: DatasetFacts, facts: dict[str, Any], path: str) -> None:
    targets = [str(name) for name, *_ in facts.get("targets", [])]
    if "object" in facts and found.target_name not in targets:
        assert found.target_name == facts["object"]
    if "telescope" in facts:
        assert found.facility_name == facts["telescope"]
    if "instrument" in facts:
        assert found.instrument_name == facts["instrument"]
    if "spec_res" in facts:
        assert found.em_res_power == pytest.approx(facts["spec_res"])
    if "snr" in facts:
        assert found.s_snr == pytest.approx(facts["snr"])
    if "prog_id" in facts and facts["prog_id"] != "MULTI":
        assert found.proposal_id == facts["prog_id"]
    if "specsys" in facts and found.spectrum is not None:
        assert found.spectrum.specsys == facts["specsys"]
    if "redshift" in facts:
        assert found.spectrum is not None
        assert found.spectrum.redshift == pytest.approx(facts["redshift"])
    if "sdss_class" in facts:
        assert found.target_class == facts["sdss_class"]


def _position(found: DatasetFacts, facts: dict[str, Any], path: str) -> None:
    if "wcs" in facts:
        return
    if "targets" in facts:
        assert found.s_ra is not None
        assert found.s_dec is not None
        for _, ra, dec in facts["targets"]:
            radius = (found.s_fov or 0.0) / 2 + ARCSECOND
            assert separation(found.s_ra, found.s_dec, ra, dec) < radius
        return
    if "ra" not in facts:
        return
    assert found.s_ra is not None
    assert found.s_dec is not None
    expected = SkyCoord(facts["ra"] * u.deg, facts["dec"] * u.deg)
    header = pyfits.getheader(DATA / path)
    tolerance = 2 * ARCSECOND
    if "RA_2000" in header:
        # the oracle has RA and DEC of date; the archive has the J2000 pair beside them, which
        # differ from precessed ones by nutation and aberration
        equinox = Time(facts["date_obs"])
        expected = SkyCoord(expected.ra, expected.dec, frame=FK5(equinox=equinox))
        expected = expected.transform_to(ICRS())
        tolerance = 40 * ARCSECOND
    apart = separation(found.s_ra, found.s_dec, expected.ra.deg, expected.dec.deg)
    assert apart < tolerance


def _image(found: DatasetFacts, facts: dict[str, Any], path: str) -> None:
    wcs = facts.get("wcs")
    if wcs is None or found.dataproduct_type not in ("image", "cube"):
        return
    scale = max(wcs["pixel_scale_arcsec"])
    assert found.s_ra is not None
    assert found.s_dec is not None
    assert separation(found.s_ra, found.s_dec, *wcs["centre_icrs"]) * 3600 < 0.05 + 0.01 * scale
    assert found.s_pixel_scale == pytest.approx(
        float(np.prod(wcs["pixel_scale_arcsec"])) ** 0.5, rel=0.25
    )
    assert (found.s_xel2, found.s_xel1) == tuple(wcs["shape"])
    if found.vertices is None:
        return
    if len(found.vertices) == 8 and found.o_ucd is not None and "CCDCHIP" not in str(facts):
        vertices = np.reshape(found.vertices, (4, 2))
        for corner in wcs["corners_icrs"]:
            # the oracle's corners are pixel centres, the footprint's are pixel corners
            nearest = min(separation(*vertex, *corner) for vertex in vertices) * 3600
            assert nearest < 1.5 * scale or min(wcs["shape"]) == 1
    for corner in wcs["corners_icrs"]:
        assert separation(found.s_ra, found.s_dec, *corner) <= (found.s_fov or 0) / 2 * 1.01


def _wavelengths(found: DatasetFacts, facts: dict[str, Any], path: str) -> None:
    if "freq_range" in facts:
        low, high = (299.792458 / f for f in facts["freq_range"][::-1])
        assert (found.em_min, found.em_max) == pytest.approx((low, high), rel=1e-6)
        return
    if "wave_min_m" not in facts or found.dataproduct_type == "image":
        return
    assert found.em_xel == facts["n_spec"]
    if found.em_min is None:
        assert found.em_unit is None  # known only where the header names a unit
        return
    expected = [facts["wave_min_m"], facts["wave_max_m"]]
    assert found.spectrum is not None
    if found.spectrum.wavelength_medium == "air":
        expected = [float(vacuum_from_air(np.array(value))) for value in expected]
    assert [found.em_min, found.em_max] == pytest.approx(expected, rel=6e-6)


def _times(found: DatasetFacts, facts: dict[str, Any], path: str) -> None:
    if "exptime" in facts:
        assert found.t_exptime == pytest.approx(facts["exptime"])
    if "mjd_obs" in facts and facts["mjd_obs"] < 100_000:
        assert found.t_min is not None
        assert abs(found.t_min - facts["mjd_obs"]) < (1.1 if facts["mjd_obs"] % 1 == 0 else 1e-4)
    if "mjd_end" in facts:
        assert found.t_max is not None
        assert abs(found.t_max - facts["mjd_end"]) < 1.0
