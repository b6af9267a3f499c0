"""Run a script of several statements inside the migration's transaction."""

from collections.abc import Awaitable
from typing import Any

from alembic import op


def run_script(sql: str) -> None:
    """Execute `sql`, any number of statements; asyncpg's simple protocol takes them at once."""
    driver: Any = op.get_bind().connection.dbapi_connection

    def execute(connection: Any) -> Awaitable[str]:
        result: Awaitable[str] = connection.execute(sql)
        return result

    driver.run_async(execute)
