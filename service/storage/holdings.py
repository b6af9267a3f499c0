"""Files of the archive by the number in their URLs, for those who may read them."""

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.archive import dataset, holding
from service.errors import Gone, NotFound
from service.storage.state import FileState

_LARGEST_ID = 2**63 - 1


def readable() -> ColumnElement[bool]:
    """The condition on holding joined with its dataset: whom `act_as` named may read both."""
    may_read = func.starhaul.may_read
    return may_read(holding.c.readable_by) & may_read(dataset.c.readable_by)


async def find_holding(
    connection: AsyncConnection, wanted: Select[Any], number: str
) -> tuple[Row[Any], FileState]:
    """The row of `wanted`, a query of holding and what belongs to it, for /files/{number}; and the
    file's state as it was ingested.

    NotFound where there is no such row, Gone where the last ingest no longer found the file.
    """
    missing = NotFound(f"there is no file {number}, or you may not read it")
    if not number.isascii() or not number.isdigit() or int(number) > _LARGEST_ID:
        raise missing
    row = (await connection.execute(wanted.where(holding.c.id == int(number)))).one_or_none()
    if row is None:
        raise missing
    if row.state != "present":
        raise Gone(f"the file {row.path} is no longer in the archive's store")
    return row, FileState(row.size, row.mtime_ns, row.ctime_ns, row.inode, row.etag)
