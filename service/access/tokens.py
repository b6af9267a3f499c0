"""Tokens in PostgreSQL: made, found, listed, revoked. Their texts are told once and never kept."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.access import token as token_table
from service.errors import UsageError

# So that a token is known as one wherever it turns up.
_PREFIX = "starhaul_"
_RANDOM_BYTES = 32
# Neither a number, which names one token, nor a colon, which ends the name in Basic (RFC 7617 §2).
_NAME = re.compile(r"(?!\d+$)[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is listed: its number, its principal, when it was made and when it ends."""

    id: int
    principal: str
    created: datetime
    expires: datetime | None


def checked_name(name: str) -> str:
    """The name of a principal; UsageError where it cannot be one."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name[:110]!r} cannot be the name of a principal; use at most 100 letters, digits "
            "and . _ @ + -, not digits alone, and a letter or digit first"
        )
    return name


def digest_of(text: str) -> bytes:
    """What is kept of a token. It is as random as a key, so one pass of SHA-256 is enough."""
    return hashlib.sha256(text.encode()).digest()


async def make(connection: AsyncConnection, principal: str, expires: datetime | None) -> str:
    """A new token of a principal: its text, 256 random bits, which nobody can read again."""
    text = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    await connection.execute(
        insert(token_table).values(
            principal=checked_name(principal), sha256=digest_of(text), expires=expires
        )
    )
    return text


async def principal_with(connection: AsyncConnection, digest: bytes) -> str | None:
    """Whose token has this digest; None where none has, or it has expired."""
    found: str | None = await connection.scalar(
        select(token_table.c.principal).where(
            token_table.c.sha256 == digest,
            or_(token_table.c.expires.is_(None), token_table.c.expires > func.clock_timestamp()),
        )
    )
    return found


async def list_tokens(connection: AsyncConnection) -> list[Token]:
    """All tokens, by principal and age, those that have expired too."""
    rows = await connection.execute(
        select(token_table).order_by(token_table.c.principal, token_table.c.id)
    )
    return [Token(row.id, row.principal, row.created, row.expires) for row in rows]


async def revoke(connection: AsyncConnection, which: str) -> Sequence[Token]:
    """End one token, by its number, or all of a principal; those that were ended."""
    chosen = (
        token_table.c.id == int(which)
        if which.isascii() and which.isdecimal() and len(which) < 10
        else token_table.c.principal == which
    )
    rows = await connection.execute(delete(token_table).where(chosen).returning(token_table))
    return [Token(row.id, row.principal, row.created, row.expires) for row in rows]
