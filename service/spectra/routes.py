"""GET and HEAD /spectra/{file id}.vot and .fits: a file's spectrum in the one layout."""

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePosixPath
from typing import cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.archive import archive_of
from service.errors import NotFound
from service.parameters import read_parameters
from service.principal import principal_of
from service.spectra.converters import Converters, Document
from service.spectra.forms import FORMS
from service.spectra.holdings import find_spectrum
from service.spectra.making import etag, wanted_of
from service.storage.buffers import BUFFER_BYTES, Buffers
from service.storage.digests import repr_digest
from service.storage.ranges import Span, Version, failed_precondition, not_modified
from service.storage.sending import Content
from service.storage.single import ContentResponse

_MAX_BODY = 4096


async def spectrum(request: Request) -> Response:
    """GET /spectra/{file id}.{form}"""
    number, _, extension = request.path_params["name"].partition(".")
    form = FORMS.get(extension)
    if form is None:
        forms = " and ".join(f"/spectra/{number}.{known}" for known in FORMS)
        raise NotFound(f"there is no form {extension!r} of a spectrum; there are {forms}")
    wanted = wanted_of(form, await read_parameters(request, max_body=_MAX_BODY))
    held = await find_spectrum(archive_of(request), number, principal_of(request))
    version = Version(etag(held, wanted), datetime.fromtimestamp(held.state.mtime_ns / 1e9, UTC))
    unchanged = failed_precondition(request.headers, version)
    unchanged = unchanged or not_modified(request.headers, version)
    made: Document | None = None
    if not unchanged:
        made = await cast(Converters, request.app.state.converters).document(held, wanted)
    content = Content(
        size=0 if made is None else made.size,
        version=version,
        media_type=form.media_type,
        filename=f"{_stem(held.origin.path)}.{form.extension}",
        buffers=partial(_buffers, made),
        extra=repr_digest(None if made is None else made.sha256),
    )
    return ContentResponse(content)


def _buffers(made: Document | None, span: Span) -> Buffers:
    for first in range(span.first, span.stop, BUFFER_BYTES):
        if made is not None:
            count = min(BUFFER_BYTES, span.stop - first)
            yield os.pread(made.file.fileno(), count, first)


def _stem(path: str) -> str:
    """The file's name without what tells its own format, and `_spectrum`: it is another file."""
    name = PurePosixPath(path).name
    for suffix in (".gz", ".bz2", ".fz", ".fits", ".fit", ".fts"):
        name = name[: -len(suffix)] if name.lower().endswith(suffix) else name
    return f"{name}_spectrum"


router = APIRouter()
router.add_route("/spectra/{name}", spectrum, methods=["GET", "HEAD"], include_in_schema=False)
