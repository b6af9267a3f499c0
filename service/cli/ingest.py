"""`starhaul ingest`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import say, settings_for

# Files that stayed outside, on a terminal.
_SHOWN = 40


def ingest(
    collection: Annotated[
        Path, typer.Argument(help="The collection's description.", metavar="COLLECTION.toml")
    ],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Reading processes; default: one a core.")
    ] = None,
    home: Annotated[Path | None, typer.Option(help="The home whose archive is meant.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Status 1 where a file was refused.")
    ] = False,
    rename: Annotated[
        bool, typer.Option("--rename", help="Allow another STARHAUL_AUTHORITY than before.")
    ] = False,
) -> None:
    """Take FITS files in: ObsCore rows and holdings. Idempotent, and resumable after a kill."""
    from service.embedded.joining import joined
    from service.ingest import command

    with joined(settings_for(home), say) as settings:
        report = command.ingest(collection, settings, workers, rename=rename)
    for line in command.report_lines(report, _SHOWN if sys.stdout.isatty() else None):
        print(line)
    raise typer.Exit(command.exit_status(report, strict))
