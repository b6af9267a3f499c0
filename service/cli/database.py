"""`starhaul init`: create or migrate the database."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import say, settings_for


def init(
    home: Annotated[
        Path | None, typer.Option(help="The home whose embedded database is meant.")
    ] = None,
) -> None:
    """Create or migrate the database: STARHAUL_DATABASE_URL's, or else the home's own."""
    from service.embedded.joining import joined
    from service.embedded.migration import migrate

    with joined(settings_for(home), say) as settings:
        assert settings.database_url is not None
        migrate(settings.database_url)
    say("the database has this version's schema")
