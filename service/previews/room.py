"""Drawing as a job: in the queue `preview`, in a room that no URL leads to.

Leases, sweep and fair turns are those of all jobs (DESIGN §1). Done twice it gives the same.
"""

import asyncio
import random
from collections.abc import AsyncIterator

import structlog

from service.errors import Gone, NotFound, Unavailable
from service.previews import kept
from service.previews.drawable import Drawable, TooSlow, Undrawable, find_for_worker
from service.previews.pruning import prune
from service.storage.state import RETRY_AFTER_S, Damaged
from service.tasks.broker import PREVIEW
from service.uws.room import Room
from service.uws.run import Run

# A damaged file may be put right; then it is drawn without being ingested again.
_DAMAGED_S = 600
_SLOW_S = 24 * 3600
_EXECUTION_S = 300
_DRAWING_S = 280  # a thread ends before its job does: nobody would wait for it then
_PRUNED_EVERY = 50  # previews, on average

_log = structlog.get_logger()


async def run_preview(run: Run) -> None:
    """Draw one file, or note why it cannot be drawn; later where its store is away."""
    (number,), (key,) = run.job.parameters["FILE"], run.job.parameters["KEY"]
    owner = run.archive.database.owner
    try:
        drawable = await find_for_worker(run.archive, number)
        if drawable.key != key:
            raise NotFound("it is another file by now")
        size = await _draw(run, drawable)
    except (Damaged, Undrawable, Unavailable) as error:
        if isinstance(error, Unavailable):
            _log.warning("a preview is postponed", path=drawable.path, reason=error.message)
            await run.postpone(RETRY_AFTER_S)
            return
        async with owner.begin() as connection:
            await kept.refuse(connection, key, str(error), _passing_s(error))
            await run.complete(connection, [])
    except (NotFound, Gone):  # ingested anew since it was asked for; whoever waits asks again
        async with owner.begin() as connection:
            await kept.forget(connection, key, run.job.id)
            await run.complete(connection, [])
    else:
        async with owner.begin() as connection:
            await kept.keep(connection, key, size)
            await run.complete(connection, [])
        if random.randrange(_PRUNED_EVERY) == 0:
            await prune(run.archive)


def _passing_s(error: Exception) -> int | None:
    """After how many seconds it may be tried again; None: it is the same file every time."""
    if isinstance(error, Damaged):
        return _DAMAGED_S
    return _SLOW_S if isinstance(error, TooSlow) else None


async def _draw(run: Run, drawable: Drawable) -> int:
    """The bytes of all sizes, which lie in the work store now."""
    # The API knows this room too, and draws nothing.
    from service.previews.drawing import drawn

    settings = run.archive.settings
    store = kept.store_of_previews(settings)
    pictures = await asyncio.to_thread(drawn, drawable, settings.scratch, _DRAWING_S)
    for size, content in pictures.items():
        await store.write(kept.file_of(drawable.key, size), _once(content))
    return sum(map(len, pictures.values()))


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


PREVIEW_ROOM = Room(
    name="preview",
    path="/previews",
    queue=PREVIEW,
    run=run_preview,
    execution_duration=_EXECUTION_S,
    lifetime=3600,
)
