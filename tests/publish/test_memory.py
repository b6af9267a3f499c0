"""A table of any size passes through `starhaul publish` without staying in it."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import CI, ROOT, STARHAUL, TestDatabase
from tests.publish.large import write

_ROWS = 1_000_000 if CI else 120_000
_FORMS = ("td", "b2", "fits", "parquet", "csv") if CI else ("td", "fits")
_GROWTH_MB = 60


def _peak_mb(path: Path, url: str) -> float:
    """Peak resident memory of one run, in MB."""
    environment = {**os.environ, "STARHAUL_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*STARHAUL, "publish", str(path), "--as", f"large.t_{path.suffix[1:]}"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    return usage.ru_maxrss / 1024


@pytest.mark.parametrize("form", _FORMS)
def test_memory_does_not_grow_with_the_table(
    form: str, database: TestDatabase, tmp_path: Path
) -> None:
    small = _peak_mb(write(tmp_path / f"small.{form}", 30_000), database.url)
    large = _peak_mb(write(tmp_path / f"large.{form}", _ROWS), database.url)
    assert large - small < _GROWTH_MB, (small, large)
