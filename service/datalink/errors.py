"""An error of a whole request: a VOTable whose message begins with a fault's name (DataLink 1.1
§3.4). What is wrong with one identifier is a row of the list instead."""

from starlette.responses import Response

from service.errors import NotFound, StarhaulError, TooMany, Unauthorized, Unavailable
from service.problems import headers_of, user_error
from service.request_id import current_request_id
from service.results.votable import error_document

_MEDIA_TYPE = "application/x-votable+xml"


def error_response(error: Exception) -> Response:
    """The error with its own HTTP status."""
    known = user_error(error)
    return Response(
        error_document(
            f"{_fault(known)}: {known.message}", [("request_id", current_request_id(), "")]
        ),
        status_code=known.status,
        headers=headers_of(known),
        media_type=_MEDIA_TYPE,
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
