"""A cutout on its way to whoever waits for it: made in a thread, its first piece before its
headers."""

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from service.cutouts.product import Product
from service.cutouts.wanted import Wanted
from service.cuttable.cutting import Form, opened
from service.cuttable.holdings import Cuttable
from service.storage.buffers import AsyncBuffers, Buffers, Octets
from service.storage.sending import Transfer, content_disposition
from service.storage.threads import in_threads

# What was asked for reaches beyond what the dataset holds.
PARTIAL = "Starhaul-Partial"
# Cutouts that are begun at one time in a process: headers are read, masks are made.
_cutters = ThreadPoolExecutor(max_workers=4, thread_name_prefix="cutter")
# The length of what is not known to be short.
_LONG = 2**62


def etag(cuttable: Cuttable, wanted: Wanted, form: Form) -> str:
    """What identifies a cutout, of all that it depends on but the moment: a weak ETag without its
    W/, as its bytes say when it was made."""
    said = (sorted(cuttable.header.items()), cuttable.time, cuttable.band, cuttable.pol)
    depends = (_release(), cuttable.origin, cuttable.sha256, cuttable.reader, said, wanted, form)
    digest = hashlib.sha256(repr(depends).encode())
    return f'"{digest.hexdigest()[:40]}"'


@lru_cache(maxsize=1)
def _release() -> str:
    try:
        return version("starhaul")
    except PackageNotFoundError:
        return "unknown"


@dataclass(frozen=True, slots=True)
class Cutout:
    """A product with its first piece, and the open file that the rest comes from; whoever has it
    sends it."""

    product: Product
    first: Octets
    held: ExitStack
    headers: dict[str, str]

    def answer(self, scope: Scope) -> ASGIApp:
        """The answer to one request; a failure after the first piece ends it short of its length
        (DESIGN §10)."""
        if scope["method"] == "HEAD":
            self.held.close()
            return Response(headers=self.headers)
        size = self.product.size
        length = _LONG if size is None else size
        return Transfer(self._buffers(), length, 200, self.headers, _nobody)

    async def _buffers(self) -> AsyncBuffers:
        rest = in_threads(_rest(self.product))
        try:
            yield self.first
            async for buffer in rest:
                yield buffer
        finally:
            await rest.aclose()
            await asyncio.to_thread(self.held.close)


def _rest(product: Product) -> Buffers:
    yield from product.pieces


async def _nobody(_error: Exception) -> None:
    """Who asks again is told."""


async def cutout(cuttable: Cuttable, wanted: Wanted, form: Form) -> Cutout:
    """What is wanted of a file. NoOverlap, NotCuttable, UsageError, Damaged and Unavailable as
    `opened` and what it gives."""
    loop = asyncio.get_running_loop()
    product, first, held = await loop.run_in_executor(_cutters, _begun, cuttable, wanted, form)
    headers = {
        "Content-Type": product.media_type,
        "Content-Disposition": content_disposition(product.name),
        "Cache-Control": "private, no-transform",
        "ETag": f"W/{etag(cuttable, wanted, form)}",
    }
    if product.partial:
        headers[PARTIAL] = "true"
    if product.size is not None:
        headers["Content-Length"] = str(product.size)
    return Cutout(product, first, held, headers)


def _begun(cuttable: Cuttable, wanted: Wanted, form: Form) -> tuple[Product, Octets, ExitStack]:
    with ExitStack() as opening:
        product = opening.enter_context(opened(cuttable))(wanted, form)
        return product, next(product.pieces), opening.pop_all()
