"""What a user reads of the errors that a query can still meet in PostgreSQL."""

import asyncpg
import pytest

from service.errors import UsageError
from service.results.rows import query_error
from tests.conftest import TestDatabase, run

MET = {
    "SELECT x * 1e300 FROM (VALUES (1e300::double precision)) AS t(x)": "too large or too small",
    "SELECT x * 1e-300 FROM (VALUES (1e-300::double precision)) AS t(x)": "too large or too small",
    "SELECT (SELECT n FROM generate_series(1, 2) AS n)": "write TOP 1, MIN or MAX in it",
    "SELECT " + ", ".join(["1"] * 1665): "too many columns",
    "SELECT starhaul.histogram(x, 2, 1, 3) FROM (VALUES (1.0::float8)) AS t(x)": "lower < upper",
}


@pytest.mark.parametrize("sql", MET)
def test_errors_of_one_row_are_told_in_words(database: TestDatabase, sql: str) -> None:
    async def work() -> Exception:
        connection = await asyncpg.connect(database.read_url)
        try:
            with pytest.raises(asyncpg.PostgresError) as raised:
                await connection.fetch(sql)
        finally:
            await connection.close()
        return query_error(raised.value)

    told = run(work())
    assert isinstance(told, UsageError)
    assert MET[sql] in str(told)
    assert "SELECT n" not in str(told)
