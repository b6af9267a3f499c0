"""`starhaul publisher`."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import say, settings_for


def publisher(
    template: Annotated[
        bool, typer.Option("--template", help="Print a publisher.toml to start from.")
    ] = False,
    home: Annotated[Path | None, typer.Option(help="The home whose archive is meant.")] = None,
) -> None:
    """Check publisher.toml, which tells registries of the Virtual Observatory who publishes."""
    from service.errors import NotFound
    from service.registry import facts

    if template:
        print(facts.template(), end="")
        return
    path = settings_for(home).publisher_file
    if not path.exists():
        raise NotFound(f"there is no {path}; write one: {facts.writing(path)}")
    told = facts.load_publisher(path)
    print(f"{told.title}: published by {told.publisher}, contact {told.contact.email}")
    say(f"{path} is as it should be; the archive reads it at each harvest")
