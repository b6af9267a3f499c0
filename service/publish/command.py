"""`starhaul publish` and `unpublish`: the run with a progress bar, and its report in sentences."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from service.config import Settings
from service.database import owner_url
from service.progress import progress_bar
from service.publish.metadata import load_metadata
from service.publish.names import table_name
from service.publish.run import Published
from service.publish.run import publish as run_publish
from service.publish.run import unpublish as run_unpublish


def publish(
    path: Path,
    as_name: str,
    settings: Settings,
    *,
    metadata: Path | None = None,
    table: str | None = None,
    console: Console | None = None,
) -> Published:
    """Publish a file, with a progress bar on the console (standard error).

    Raises StarhaulError for what the publisher can put right.
    """
    name = table_name(as_name)
    words = load_metadata(metadata, path)
    with progress_bar("rows", console) as bar:
        task = bar.add_task("reading", total=None)
        return asyncio.run(
            run_publish(
                path,
                name,
                words,
                owner_url(settings),
                wanted=table,
                progress=lambda phase, rows, total: bar.update(
                    task, description=phase, completed=rows, total=total
                ),
            )
        )


def unpublish(as_name: str, settings: Settings) -> list[str]:
    """Take a published table away; sentences on what else changed."""
    lost = asyncio.run(run_unpublish(table_name(as_name), owner_url(settings)))
    return [f"the keys of {table} that referred to it are gone too" for table in lost]


def report_lines(report: Published) -> Iterator[str]:
    """The report as lines of text: notes, then what was published."""
    yield from report.notes
    rate = report.rows / report.seconds if report.seconds else 0.0
    sky = "no sky index"
    if report.position is not None:
        sky = f"sky index on {', '.join(report.position)}"
    done = "replaced" if report.replaced else "published"
    yield (
        f"{report.name}: {done} with {report.rows} rows of {report.columns} columns, {sky} "
        f"({report.seconds:.1f} s, {rate:.0f} rows/s)"
    )
