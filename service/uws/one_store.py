"""All processes of an archive keep results in one work store (DESIGN §1).

While a process listens for phases it holds a shared advisory lock on what identifies its store. One
that starts looks for locks on another: then jobs would end where nobody finds their results.
"""

import hashlib
import os
import secrets
from pathlib import Path

import asyncpg
import structlog

from service.config import Settings
from service.database import is_outage, owner_url
from service.errors import UsageError

LOCK_CLASS = 0x53_54_4F_52
_MARK = ".starhaul-work-store"
_OTHERS = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND classid = $1 AND objid <> ($2::bigint & 4294967295)::oid
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

_log = structlog.get_logger()


def store_key(settings: Settings) -> int:
    """A number, 32 bits with sign, that processes with the same work store have in common.

    UsageError where its directory cannot be written.
    """
    store = settings.work_store_url
    try:
        identity = store if "://" in store else _mark(Path(store))
    except OSError as error:
        raise UsageError(
            f"the work store {store} cannot be used: {error.strerror}; let the account that runs "
            "the archive write there, or set STARHAUL_WORK_STORE"
        ) from error
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:4], "big", signed=True)


def _mark(folder: Path) -> str:
    """A text that is read in this very directory alone; made where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _MARK
    if not path.exists():
        made = folder / f"{_MARK}-{secrets.token_hex(8)}"
        made.write_text(secrets.token_hex(16))
        try:
            os.link(made, path)  # at once whole, and the first one stays
        except FileExistsError:
            pass
        except OSError:
            made.replace(path)  # a file system without links
        made.unlink(missing_ok=True)
    return path.read_text()


async def refuse_other_stores(settings: Settings) -> None:
    """UsageError where a running process of this archive has another work store.

    While the database is away, nothing is known and nothing refused.
    """
    try:
        connection = await asyncpg.connect(owner_url(settings), timeout=10)
        try:
            others = await connection.fetchval(_OTHERS, LOCK_CLASS, store_key(settings))
        finally:
            await connection.close()
    except Exception as error:
        if not is_outage(error):
            raise
        _log.warning("the work store is not compared with others'", error=repr(error))
        return
    if others:
        raise UsageError(
            f"the work store {settings.work_store_url} is not the one of this archive's other "
            "processes: set STARHAUL_WORK_STORE to the same s3://bucket/prefix, or the same shared "
            "directory, for all of them"
        )
