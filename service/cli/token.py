"""`starhaul token`."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import say, settings_for


def token(
    name: Annotated[
        str | None,
        typer.Argument(help="The principal, as readable_by names it.", metavar="NAME"),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(help="30d, 12h, 8w, 1y, or a time; never unless given.", metavar="WHEN"),
    ] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List all tokens.")] = False,
    revoke: Annotated[
        str | None,
        typer.Option(help="End the token of this number, or all of a name.", metavar="WHICH"),
    ] = None,
    home: Annotated[Path | None, typer.Option(help="The home whose archive is meant.")] = None,
) -> None:
    """Make a token that proves a user to be NAME, and print it; or list or revoke tokens."""
    from service.errors import UsageError

    if (name is not None) + list_all + (revoke is not None) != 1:
        raise UsageError("give one of NAME, --list and --revoke WHICH")
    if expires is not None and name is None:
        raise UsageError("--expires belongs to a new token: starhaul token NAME --expires WHEN")
    from service.access import command
    from service.database import owner_url
    from service.embedded.joining import joined

    with joined(settings_for(home), say) as settings:
        url = owner_url(settings)
        if name is not None:
            print(command.make(url, name, expires))
            say(f"this is told once; whoever has it is {name} to the archive")
        elif revoke is not None:
            for line in command.lines(command.revoke(url, revoke)):
                print(line)
            say("revoked; the API processes refuse it within seconds")
        else:
            for line in command.lines(command.listed(url)):
                print(line)
