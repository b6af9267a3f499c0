"""`starhaul fetch`: the command of starhaul-client, with its options."""

import typer


def fetch(context: typer.Context) -> None:
    """Download a bulk job: parallel, resuming, verifying (starhaul fetch --help)."""
    from starhaul_client import command

    raise typer.Exit(command.main(context.args, program="starhaul fetch"))
