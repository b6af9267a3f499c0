"""The demo archive: simulated files, generated from physics and taken in as a publisher's own."""

import shutil
from pathlib import Path

from rich.console import Console

from service.config import Settings
from service.demo.collection_files import collection_paths
from service.demo.generate import generate
from service.ingest.command import ingest
from service.ingest.run import Report


def load(home: Path, settings: Settings, workers: int | None = None) -> list[Report]:
    """Generate the demo archive into `home`/demo unless it is there, and ingest it.

    Harmless to repeat: unchanged files are only looked at. Needs the database; raises
    StarhaulError where ingest does, OSError where files cannot be written.
    """
    console = Console(stderr=True)
    directory = home / "demo"
    if not directory.exists():
        # Under another name until complete, so that a killed start leaves no half archive.
        unfinished = home / "demo.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        console.print("generating the demo archive (once, about 5 s)")
        generate(unfinished)
        unfinished.rename(directory)
    return [
        ingest(path, settings, workers, console=console) for path in collection_paths(directory)
    ]
