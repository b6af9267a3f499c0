"""Tokens as they are made and kept, and how a request presents one."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from typer.testing import CliRunner, Result

from schema.url import async_url
from service.access import tokens
from service.access.command import moment_of_expiry
from service.access.credentials import presented_token
from service.cli.main import app
from service.config import Settings
from service.errors import NotFound, Unauthorized, Unavailable, UsageError
from tests.conftest import TestDatabase

_NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
async def connection(database: TestDatabase) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(async_url(database.url))
    async with engine.begin() as connection:
        yield connection
    await engine.dispose()


async def test_a_token_proves_its_principal_until_it_is_over(connection: AsyncConnection) -> None:
    text_of = {
        name: await tokens.make(connection, name, expires)
        for name, expires in (
            ("ada", None),
            ("bob", datetime.now(UTC) + timedelta(hours=1)),
            ("eve", datetime.now(UTC) - timedelta(seconds=1)),
        )
    }
    found = {
        name: await tokens.principal_with(connection, tokens.digest_of(each))
        for name, each in text_of.items()
    }
    assert found == {"ada": "ada", "bob": "bob", "eve": None}
    assert await tokens.principal_with(connection, tokens.digest_of(text_of["ada"][:-1])) is None
    assert len(set(text_of.values())) == 3
    assert all(len(each) >= 43 for each in text_of.values())


async def test_nothing_kept_leads_back_to_a_token(connection: AsyncConnection) -> None:
    made = await tokens.make(connection, "ada", None)
    kept = await connection.scalar(text("SELECT string_agg(t::text, ' ') FROM archive.token t"))
    assert made not in kept
    assert made.removeprefix("starhaul_") not in kept


async def test_readers_of_queries_see_no_tokens(database: TestDatabase) -> None:
    reader = await asyncpg.connect(database.read_url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reader.fetch("SELECT * FROM archive.token")
    await reader.close()


@pytest.mark.parametrize("name", ["ada", "0000-0002-1825-0097", "ada@obs.example", "a" * 100])
def test_names(name: str) -> None:
    assert tokens.checked_name(name) == name


@pytest.mark.parametrize("name", ["", "12", "a:b", "a b", "-a", "é", "a" * 101, "a\n"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        tokens.checked_name(name)


@pytest.mark.parametrize(
    ("asked", "hours"),
    [("12h", 12), ("30d", 720), ("2w", 336), ("1Y", 8760), ("2026-06-02", 24)],
)
def test_expiry(asked: str, hours: int) -> None:
    assert moment_of_expiry(asked, _NOW) == _NOW + timedelta(hours=hours)


@pytest.mark.parametrize("asked", ["", "soon", "30", "30m", "2026-05-31", "0d", "99999y"])
def test_what_is_no_expiry(asked: str) -> None:
    with pytest.raises(UsageError, match="--expires"):
        moment_of_expiry(asked, _NOW)


def _basic(pair: bytes) -> bytes:
    return b"Basic " + base64.b64encode(pair)


@pytest.mark.parametrize(
    ("value", "token"),
    [
        (b"Bearer t", "t"),
        (b"bearer  t ", "t"),
        (_basic(b"ada:t"), "t"),
        (_basic(b":t"), "t"),
        (_basic(b"anything at all:t:u"), "t:u"),
        (b"basic " + base64.b64encode(b"ada:t"), "t"),
    ],
)
def test_a_presented_token(value: bytes, token: str) -> None:
    assert presented_token([(b"host", b"x"), (b"authorization", value)]) == token


@pytest.mark.parametrize(
    "value",
    [
        *(b"", b"Bearer", b"Bearer ", b"Basic", b"Basic !", b"x", b"Digest username=ada"),
        *(_basic(b"ada"), _basic(b"ada:"), _basic(b"\xff:\xff"), b"Bearer " + b"t" * 2_000),
    ],
)
def test_credentials_without_a_token_are_refused(value: bytes) -> None:
    with pytest.raises(Unauthorized):
        presented_token([(b"authorization", value)])


def test_two_credentials_are_refused() -> None:
    both = [(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")]
    with pytest.raises(Unauthorized, match="several"):
        presented_token(both)
    assert presented_token([]) is None


def test_the_command_makes_lists_and_revokes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STARHAUL_DATABASE_URL", str(settings.database_url))

    def token(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["token", *arguments])

    made = token("carl", "--expires", "30d")
    assert made.exit_code == 0
    assert made.stdout.startswith("starhaul_")
    assert len(made.stdout.splitlines()) == 1
    listed = token("--list").stdout
    (line,) = [line for line in listed.splitlines() if "carl" in line]
    assert made.stdout.strip() not in listed
    assert "carl" in token("--revoke", line.split()[0]).stdout
    assert "carl" not in token("--list").stdout
    assert isinstance(token("--revoke", "carl").exception, NotFound)
    assert isinstance(token().exception, UsageError)
    assert isinstance(token("--list", "--expires", "1d").exception, UsageError)
    monkeypatch.setenv("STARHAUL_DATABASE_URL", "postgresql://x@127.0.0.1:1/x")
    assert isinstance(token("ada").exception, Unavailable)
