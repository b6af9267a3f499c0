"""Bring the database to this version's schema; say in a sentence where that cannot be done."""

import asyncio

import asyncpg
from sqlalchemy.exc import DBAPIError

from schema.migrate import SchemaTooNew, upgrade
from service.embedded.home import HomeError


def migrate(database_url: str) -> None:
    """Create or migrate the archive's schema. Raises HomeError for a newer version's database."""
    try:
        asyncio.run(upgrade(database_url))
    except SchemaTooNew as error:
        raise HomeError(f"{error}: git pull && make install") from None
    except DBAPIError as error:
        raise HomeError(f"the database refused to be migrated: {error.orig}") from None
    except (OSError, asyncpg.PostgresError) as error:
        raise HomeError(
            f"cannot use the database that STARHAUL_DATABASE_URL names: {error}"
        ) from None
