"""`starhaul ingest`: the run with a progress bar, and its report in sentences."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from service.config import Settings
from service.database import owner_url
from service.ingest.collection import load_collection
from service.ingest.run import Report, run_ingest
from service.progress import progress_bar


def ingest(
    collection_toml: Path,
    settings: Settings,
    workers: int | None = None,
    *,
    rename: bool = False,
    console: Console | None = None,
) -> Report:
    """Take a collection in, with a progress bar on the console (standard error).

    Raises StarhaulError for what the publisher can put right.
    """
    collection, root = load_collection(collection_toml)
    with progress_bar("files", console) as bar:
        task = bar.add_task(collection.name, total=None)
        return asyncio.run(
            run_ingest(
                collection,
                root,
                owner_url(settings),
                settings.authority,
                workers=workers,
                rename=rename,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        )


def report_lines(report: Report, most: int | None = None) -> Iterator[str]:
    """The report as lines of text: each file that stayed outside with its reason, at most so many
    of them, then the counts."""
    outside = [f"refused: {path}: {reason}" for path, reason in report.refused.items()]
    outside += [f"not readable: {path}: {reason}" for path, reason in report.unreadable.items()]
    yield from outside[:most]
    if most is not None and len(outside) > most:
        yield f"and {len(outside) - most} more: the same command with > FILE writes all of them"
    counts = [f"{report.accepted} taken in", f"{report.unchanged} unchanged"]
    counts += [f"{len(report.refused)} refused", f"{report.vanished} vanished"]
    if report.unreadable:
        counts.append(f"{len(report.unreadable)} not readable")
    rate = report.accepted / report.seconds if report.seconds else 0.0
    yield (
        f"{report.collection}: {report.files} files: {', '.join(counts)} "
        f"({report.seconds:.1f} s, {rate:.0f} files/s)"
    )


def exit_status(report: Report, strict: bool) -> int:
    """0, or with `strict` 1 where a file stayed outside."""
    return 1 if strict and not report.complete else 0
