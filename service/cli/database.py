"""`starhaul init`: create or migrate the database."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from service.config import Settings
from service.errors import UsageError


def init(
    home: Annotated[
        Path | None, typer.Option(help="Migrate the embedded database of this home.")
    ] = None,
) -> None:
    """Create or migrate the database that STARHAUL_DATABASE_URL names, or that of a home."""
    from schema.migrate import upgrade

    settings = Settings() if home is None else Settings(home_dir=home)
    if settings.database_url is None:
        raise UsageError("set STARHAUL_DATABASE_URL")
    asyncio.run(upgrade(settings.database_url))
