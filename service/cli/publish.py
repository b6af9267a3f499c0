"""`starhaul publish` and `starhaul unpublish`."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import say, settings_for

_Home = Annotated[Path | None, typer.Option(help="The home whose archive is meant.")]


def publish(
    file: Annotated[
        Path, typer.Argument(help="A VOTable, FITS, Parquet, CSV or ECSV file.", metavar="FILE")
    ],
    as_name: Annotated[
        str | None, typer.Option("--as", help="The table's name in TAP.", metavar="SCHEMA.TABLE")
    ] = None,
    metadata: Annotated[
        Path | None, typer.Option(help="What to say of the table; default: FILE.toml beside it.")
    ] = None,
    table: Annotated[
        str | None, typer.Option(help="Which table of the file: its name or number.")
    ] = None,
    describe: Annotated[
        bool, typer.Option("--describe", help="Print a metadata file to edit; publish nothing.")
    ] = False,
    home: _Home = None,
) -> None:
    """Bring a table into TAP, with its metadata and a sky index; again, to replace it."""
    from service.errors import UsageError
    from service.publish import command, template

    if describe:
        print(template.metadata_template(file, table), end="")
        return
    if as_name is None:
        raise UsageError("--as SCHEMA.TABLE is missing; it names the table in TAP")
    from service.embedded.joining import joined

    with joined(settings_for(home), say) as settings:
        report = command.publish(file, as_name, settings, metadata=metadata, table=table)
    for line in command.report_lines(report):
        print(line)


def unpublish(
    name: Annotated[str, typer.Argument(help="The table's name in TAP.", metavar="SCHEMA.TABLE")],
    home: _Home = None,
) -> None:
    """Take a published table out of TAP and out of the database."""
    from service.embedded.joining import joined
    from service.publish import command

    with joined(settings_for(home), say) as settings:
        notes = command.unpublish(name, settings)
    for line in notes:
        print(line)
    print(f"{name}: gone")
