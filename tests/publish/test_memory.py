"""A table of any size passes through `starhaul publish` without staying in it."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import CI, ROOT, STARHAUL, TestDatabase
from tests.publish.large import write

_ROWS = 1_000_000 if CI else 120_000
_FORMS = ("td", "b2", "fits", "parquet", "csv") if CI else ("td",)
_GROWTH_MB = 60


def _peak_mb(path: Path, url: str) -> float:
    """Peak resident memory of one run, in MB."""
    environment = {**os.environ, "STARHAUL_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    peak = 0.0
    with subprocess.Popen(
        [*STARHAUL, "publish", str(path), "--as", f"large.t_{path.suffix[1:]}"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while process.poll() is None:
            # The kernel's high-water mark; the one that wait4 gives includes the parent's.
            status = Path(f"/proc/{process.pid}/status").read_text()
            found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
            peak = max(peak, int(found[1]) / 1024 if found else 0.0)
            time.sleep(0.02)
    assert process.returncode == 0
    return peak


@pytest.mark.parametrize("form", _FORMS)
def test_memory_does_not_grow_with_the_table(
    form: str, database: TestDatabase, tmp_path: Path
) -> None:
    small = _peak_mb(write(tmp_path / f"small.{form}", 30_000), database.url)
    large = _peak_mb(write(tmp_path / f"large.{form}", _ROWS), database.url)
    assert large - small < _GROWTH_MB, (small, large)
