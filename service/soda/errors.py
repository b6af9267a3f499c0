"""Errors below /soda: text that begins with a word of the standard (SODA 1.0 §5.2)."""

from starlette.responses import PlainTextResponse, Response

from service.errors import (
    DiskFull,
    Forbidden,
    StarhaulError,
    TooMany,
    Unauthorized,
    Unavailable,
)
from service.problems import headers_of, user_error
from service.soda.request import MultiValued
from service.uws.job import Job

# Why a 204 has no body; of every other answer the body says it.
REASON = "Starhaul-Reason"
_WORDS: tuple[tuple[type[StarhaulError], str], ...] = (
    (MultiValued, "MultiValuedParamNotSupported"),
    (Unauthorized, "AuthenticationError"),
    (Forbidden, "AuthorizationError"),
    (Unavailable, "ServiceUnavailable"),
    (TooMany, "ServiceUnavailable"),
    (DiskFull, "ServiceUnavailable"),
)


def error_text(error: StarhaulError) -> str:
    """The standard's word, and what a user may read."""
    permanent = "UsageError" if 400 <= error.status < 500 else "Error"
    word = next((word for kind, word in _WORDS if isinstance(error, kind)), permanent)
    return f"{word}: {error.message}\n"


def error_response(error: Exception) -> Response:
    """The error as text/plain with its HTTP status."""
    said = user_error(error)
    return PlainTextResponse(error_text(said), said.status, headers_of(said))


def job_error(job: Job) -> Response:
    """The error of a job as a whole, with status 200 as UWS has it; what became of single
    combinations, their results say."""
    return PlainTextResponse(f"Error: {job.error_message}\n")


def no_content(reason: str) -> Response:
    """204: nothing of the dataset is in what was asked for (SODA 1.0 §5.1)."""
    plain = "".join(c if " " <= c <= "~" else "?" for c in reason)
    return Response(status_code=204, headers={REASON: plain, "Cache-Control": "no-store"})
