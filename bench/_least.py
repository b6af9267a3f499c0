"""The least server that opens, reads, compares and sends small files (`_least.c`): what any server
that does so may reach beside nginx, which opens one file."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench._archive import free_port
from bench._downloads import serving

_LARGEST = 1_000_000  # it lays whole files into its buffers


@contextmanager
def running_least(paths: Sequence[Path], size: int, directory: Path) -> Iterator[str | None]:
    """It, sending these files of `size` bytes; its URL, None without a compiler or where they are
    too large for it."""
    compiler = shutil.which("cc")
    if compiler is None or size > _LARGEST:
        yield None
        return
    program, names, port = directory / "least", directory / "least.txt", free_port()
    source = Path(__file__).with_name("_least.c")
    subprocess.run([compiler, "-O2", "-pthread", "-o", program, source], check=True)
    names.write_text("".join(f"{path}\n" for path in paths))
    process = subprocess.Popen([program, str(port), names, str(size)])
    with serving(process, port) as url:
        yield url
