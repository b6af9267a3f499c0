"""`load` fills an empty archive once, every file of it, and a second time does nothing."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from service.config import Settings
from service.demo import load


@pytest.fixture
def home(demo: Path, tmp_path: Path) -> Path:
    """A home whose demo files are already generated."""
    (tmp_path / "demo").symlink_to(demo)
    return tmp_path


async def test_every_file_is_taken_in_with_its_physics(home: Path, settings: Settings) -> None:
    reports = await asyncio.to_thread(load, home, settings, 2)
    assert [report.refused for report in reports] == [{}] * 5
    assert sum(report.accepted for report in reports) == 370
    again = await asyncio.to_thread(load, home, settings, 2)
    assert sum(report.unchanged for report in again) == 370
    assert settings.database_url is not None
    connection = await asyncpg.connect(settings.database_url)
    try:
        host = await connection.fetch(
            "SELECT * FROM archive.dataset WHERE obs_collection = 'sim-planet-host'"
        )
        image = await connection.fetchrow(
            "SELECT * FROM archive.dataset WHERE obs_id = 'sim-images/frame-g-galaxies-1'"
        )
        redshifts = await connection.fetchval(
            "SELECT count(*) FROM archive.spectrum WHERE redshift > 0.05"
        )
    finally:
        await connection.close()
    assert len(host) == 20
    for row in host:
        assert row["s_ra"] == pytest.approx(344.36658)
        assert row["em_res_power"] == 60000
        # Air in the file, vacuum in ObsCore: 500.002 nm becomes 500.142 nm.
        assert row["em_min"] == pytest.approx(5.000022e-7 + 1.3947e-10, abs=1e-13)
        assert row["t_max"] - row["t_min"] == pytest.approx(300 / 86400, rel=1e-3)
    assert image["dataproduct_type"] == "image"
    assert image["s_region"].startswith("POLYGON")
    assert image["em_min"] == pytest.approx(398e-9, rel=1e-4)
    assert image["em_max"] == pytest.approx(549e-9, rel=1e-4)
    assert redshifts == 96
