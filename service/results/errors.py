"""Errors of the protocols whose answers are VOTables (DALI 1.1 §4.4), whatever their status."""

from starlette.responses import Response

from service.errors import NotFound, StarhaulError, TooMany, Unauthorized, Unavailable
from service.problems import headers_of, user_error
from service.request_id import current_request_id
from service.results.votable import error_document

MEDIA_TYPE = "application/x-votable+xml"


def error_response(error: Exception) -> Response:
    """The error as a VOTable that clients show to their users, with the request's id."""
    known = user_error(error)
    return _votable(known, known.message)


def fault_response(error: Exception) -> Response:
    """The same where the message begins with a fault's name (DataLink 1.1 §3.4, SIA 2.0 §3.2)."""
    known = user_error(error)
    return _votable(known, f"{_fault(known)}: {known.message}")


def _votable(error: StarhaulError, message: str) -> Response:
    return Response(
        error_document(message, [("request_id", current_request_id(), "")]),
        status_code=error.status,
        headers=headers_of(error),
        media_type=MEDIA_TYPE,
    )


def _fault(error: StarhaulError) -> str:
    """The name that table 2 of DataLink 1.1 has for it."""
    if isinstance(error, Unavailable | TooMany):
        return "TransientFault"
    if isinstance(error, NotFound):
        return "NotFoundFault"
    if isinstance(error, Unauthorized):
        return "DefaultFault"
    return "UsageFault" if error.status < 500 else "FatalFault"
