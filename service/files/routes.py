"""GET and HEAD of one file: ranges, a strong ETag from its checksum, Repr-Digest, its own media
type."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from fastapi import APIRouter
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from schema.tables.archive import collection, dataset, holding
from service.archive import Archive, archive_of
from service.lane.response import BulkResponse
from service.principal import act_as, principal_of
from service.storage.buffers import Buffers
from service.storage.digests import repr_digest
from service.storage.holdings import find_holding, readable
from service.storage.ranges import Span, Version
from service.storage.sending import Content
from service.storage.single import file_buffers
from service.storage.state import FileState
from service.storage.store import Store, store_of

_FOUND = (
    select(holding, collection.c.root)
    .join(dataset, dataset.c.id == holding.c.dataset_id)
    .join(collection, collection.c.id == holding.c.collection_id)
)


@dataclass(frozen=True, slots=True)
class Held:
    """One file as ingest knew it."""

    store: Store
    path: str
    media_type: str
    state: FileState
    sha256: bytes

    def buffers(self, span: Span) -> Buffers:
        """The bytes of a span; Damaged where the file is not the ingested one any more."""
        return file_buffers(
            lambda wanted: self.store.open(self.path, self.state, self.sha256, wanted),
            self.path,
            span,
        )


async def find_file(archive: Archive, number: str, principal: str | None) -> Held:
    """The file with this id; NotFound where there is none, or none that this principal may read,
    Gone where the last ingest no longer found it."""
    async with archive.database.owner.connect() as connection:
        await act_as(connection, principal)
        row, state = await find_holding(connection, _FOUND.where(readable()), number)
    return Held(store_of(row.root), row.path, row.media_type, state, row.sha256)


async def file(request: Request) -> Response:
    """GET /files/{id}"""
    held = await find_file(
        archive_of(request), request.path_params["number"], principal_of(request)
    )
    modified = datetime.fromtimestamp(held.state.mtime_ns / 1e9, UTC)
    content = Content(
        size=held.state.size,
        version=Version(f'"{held.sha256.hex()}"', modified),
        media_type=held.media_type,
        filename=PurePosixPath(held.path).name,
        buffers=held.buffers,
        extra=repr_digest(held.sha256),
    )
    return BulkResponse(request, content)


router = APIRouter()
router.add_route("/files/{number}", file, methods=["GET", "HEAD"], include_in_schema=False)
