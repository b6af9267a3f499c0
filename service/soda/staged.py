"""The results of a job in the work store: each with a note of what it is, written after it.

A note that is there says that its result is whole, so a job that is taken up again goes on with
the next one.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from urllib.parse import quote

from service.config import Settings
from service.storage.work import WorkStore, work_store
from service.uploads.kept import job_key
from service.uws.job import Result

NAME = "soda"


@dataclass(frozen=True, slots=True)
class Note:
    """What a result is; `size` in bytes."""

    name: str
    media_type: str
    size: int


def result_id(number: int) -> str:
    """The id of a job's result; `number` counts from 1."""
    return f"cutout-{number:05d}"


def result_key(job_id: str, identity: str) -> str:
    """Where the work store has a result."""
    return f"{job_key(NAME, job_id)}/{identity}"


def result_of(number: int, note: Note) -> Result:
    """The result as the job's document lists it."""
    identity = result_id(number)
    href = f"results/{identity}/{quote(note.name, safe='')}"
    return Result(identity, href, note.media_type, note.size)


class Staging:
    """The results of one job while it runs."""

    def __init__(self, settings: Settings, job_id: str) -> None:
        self._store: WorkStore = work_store(settings.work_store_url)
        self._job_id = job_id
        self._begun = False

    async def begin(self) -> None:
        """Note whether the job was begun before: of a new one nothing is looked for."""
        mark = f"{job_key(NAME, self._job_id)}/begun"
        self._begun = await self._store.state(mark) is not None
        if not self._begun:
            await self._store.write(mark, once(b"begun"))

    async def known(self, number: int) -> Note | None:
        """A result that an earlier attempt completed."""
        if not self._begun:
            return None
        note = await asyncio.to_thread(self._store.files.whole, self._note_key(number))
        return None if note is None else Note(**json.loads(note))

    async def keep(
        self, number: int, name: str, media_type: str, pieces: AsyncIterator[bytes]
    ) -> Note:
        """Write a result, then its note."""
        size = await self._store.write(result_key(self._job_id, result_id(number)), pieces)
        note = Note(name, media_type, size)
        text = json.dumps(asdict(note)).encode()
        await self._store.write(self._note_key(number), once(text))
        return note

    def _note_key(self, number: int) -> str:
        return result_key(self._job_id, f"{result_id(number)}.json")


async def once(content: bytes) -> AsyncIterator[bytes]:
    """The content as one piece."""
    yield content
