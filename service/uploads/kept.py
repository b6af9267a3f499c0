"""The files that a job's requests brought, kept in the work store until the job is deleted."""

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from service.config import Settings
from service.multipart import INCOMING, file_key
from service.storage.work import work_store
from service.uploads.request import Upload


def job_key(room: str, job_id: str) -> str:
    """What a job of a room keeps lies below this key of the work store."""
    return f"{room}/{job_id}"


async def keep_files(settings: Settings, room: str, job_id: str, files: Mapping[str, Path]) -> None:
    """Move the files of a request to those of the job; one of the same name is replaced."""
    store = work_store(settings.work_store_url)
    for name, path in files.items():
        await store.take(_key(room, job_id, name), path)


@asynccontextmanager
async def kept_files(
    settings: Settings, room: str, job_id: str | None, uploads: Sequence[Upload]
) -> AsyncIterator[dict[str, Path]]:
    """The files of a job, if it is one already, that its uploads name, by part name; for the time
    of the block.
    """
    store = work_store(settings.work_store_url)
    names = [upload.part for upload in uploads if upload.part is not None]
    if job_id is None or not names:
        yield {}
        return
    place = settings.scratch / INCOMING
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        files = {}
        for name in names:
            path = await store.bring(_key(room, job_id, name), Path(folder) / file_key(name))
            if path is not None:
                files[name] = path
        yield files


async def forget_files(settings: Settings, room: str, job_id: str) -> None:
    """Remove all that a job keeps in the work store."""
    await work_store(settings.work_store_url).remove(job_key(room, job_id))


def _key(room: str, job_id: str, part_name: str) -> str:
    return f"{job_key(room, job_id)}/uploads/{file_key(part_name)}"
