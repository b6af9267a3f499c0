"""A job at /soda/async: each combination of values one result (SODA 1.0 §6)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, aclosing
from itertools import groupby
from typing import Self

import structlog

from service.config import Settings
from service.cutouts.product import Product
from service.cutouts.wanted import Wanted
from service.cuttable.cutting import Cutter, Form, opened
from service.cuttable.holdings import Cuttable, find_cuttable
from service.errors import StarhaulError, TooLarge, Unavailable
from service.parameters import Parameters
from service.soda.errors import error_text
from service.soda.request import Combination, SodaRequest, count_combinations, soda_request
from service.soda.staged import Note, Staging, once, result_id, result_of
from service.storage.buffers import Buffers
from service.storage.threads import in_threads
from service.uws.run import Run, Say

_TEXT = "text/plain"
# A publisher's store that is away is asked again so often in all; then a result says that it is.
_AGAIN = 4
_AGAIN_AFTER_S = 15.0

_UNEXPECTED = (
    "something went wrong on our side; tell the archive's operator the job's id and {}, the name "
    "of this result"
)

_log = structlog.get_logger()


def checked_request(parameters: Parameters, settings: Settings) -> SodaRequest:
    """What a job is asked for; UsageError where a parameter is wrong, TooLarge where it makes more
    results than a job may have."""
    count, most = count_combinations(parameters), settings.cutout_combinations
    if count > most:
        raise TooLarge(
            f"these parameters have {count} combinations, and a job makes {most} results at most; "
            "send them in several jobs"
        )
    return soda_request(parameters)


async def run_cutouts(run: Run) -> None:
    """Make every result that is not there yet, then complete the job."""
    values = {name: tuple(given) for name, given in run.job.parameters.items()}
    parameters = Parameters(values)
    asked = checked_request(parameters, run.archive.settings)
    staging = Staging(run.archive.settings, run.job.id)
    await staging.begin()
    found = await find_cuttable(run.archive, asked.ids, run.job.owner)
    notes: dict[int, Note] = {}
    async with run.progress() as say:
        work = _Work(staging, asked.form, notes, say, count_combinations(parameters))
        numbered = enumerate(asked.combinations(), start=1)
        for identifier, group in groupby(numbered, key=lambda each: each[1].identifier):
            await work.cut(found[identifier], group)
    async with run.archive.database.owner.begin() as connection:
        results = [result_of(number, note) for number, note in notes.items()]
        await run.complete(connection, results)


class _Work:
    """The results of one attempt of a job."""

    def __init__(
        self, staging: Staging, form: Form, notes: dict[int, Note], say: Say, total: int
    ) -> None:
        self._staging = staging
        self._form = form
        self._notes = notes
        self._say = say
        self._total = total
        self._patience = _AGAIN

    async def cut(
        self,
        cuttable: Cuttable | StarhaulError,
        numbered: Iterator[tuple[int, Combination]],
    ) -> None:
        """All that is wanted of one dataset; its file is opened once, where it is needed."""
        async with _File(cuttable) as file:
            for number, combination in numbered:
                note = await self._staging.known(number)
                while note is None:
                    note = await self._made(number, file, combination.wanted)
                self._notes[number] = note
                self._say(f"{len(self._notes)} of {self._total} cutouts")

    async def _made(self, number: int, file: "_File", wanted: Wanted) -> Note | None:
        """One result: the product, or a text that says why there is none; None where the file's
        store was away and is to be asked again."""
        try:
            cutter = await file.cutter()
            product = await asyncio.to_thread(cutter, wanted, self._form)
            return await self._staging.keep(
                number, product.name, product.media_type, _bytes(product)
            )
        except Unavailable as error:
            if self._patience == 0:
                return await self._told(number, error)
            self._patience -= 1
            self._say(f"waiting: {error.message}")
            await file.close()
            await asyncio.sleep(_AGAIN_AFTER_S)
            return None
        except StarhaulError as error:
            return await self._told(number, error)
        except Exception as error:
            _log.error("a cutout failed", result=number, exc_info=error)
            return await self._told(number, StarhaulError(_UNEXPECTED.format(result_id(number))))

    async def _told(self, number: int, error: StarhaulError) -> Note:
        text = error_text(error).encode()
        return await self._staging.keep(number, f"{result_id(number)}.txt", _TEXT, once(text))


class _File:
    """A file that is opened when it is first needed, and closed at the end of a block."""

    def __init__(self, cuttable: Cuttable | StarhaulError) -> None:
        self._cuttable = cuttable
        self._held = ExitStack()
        self._cutter: Cutter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def cutter(self) -> Cutter:
        """What cuts the file; fails as `opened`, or with why the dataset has none."""
        if isinstance(self._cuttable, StarhaulError):
            raise self._cuttable
        if self._cutter is None:
            self._cutter = await asyncio.to_thread(self._held.enter_context, opened(self._cuttable))
        return self._cutter

    async def close(self) -> None:
        """Close it; it may be opened again."""
        self._cutter = None
        await asyncio.to_thread(self._held.close)


async def _bytes(product: Product) -> AsyncIterator[bytes]:
    """The pieces, read in a thread."""

    def pieces() -> Buffers:
        yield from product.pieces

    async with aclosing(in_threads(pieces())) as read:
        async for piece in read:
            yield bytes(piece)
