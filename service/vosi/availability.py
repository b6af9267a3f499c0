"""Availability documents (VOSI 1.1 §4): is the database there?"""

import asyncio
from datetime import UTC, datetime

import asyncpg
from vo_models.vosi.availability.models import Availability

_PATIENCE_S = 2
_UP_SINCE = datetime.now(UTC)


async def availability_document(pool: "asyncpg.Pool[asyncpg.Record]") -> bytes:
    """Whether queries can be answered now, by a query that needs nothing but a connection."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await pool.fetchval("SELECT 1")
        found = {"available": True, "up_since": _UP_SINCE.strftime("%Y-%m-%dT%H:%M:%SZ")}
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        found = {"available": False, "note": ["the database cannot be reached at the moment"]}
    document = Availability.model_validate(found).to_xml(
        skip_empty=True, xml_declaration=True, encoding="UTF-8"
    )
    return document if isinstance(document, bytes) else document.encode()
