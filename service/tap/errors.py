"""Every error of TAP is a VOTable with QUERY_STATUS=ERROR, whatever its status (DALI 1.1 §4.4)."""

from starlette.responses import Response

from service.problems import headers_of, user_error
from service.request_id import current_request_id
from service.results.votable import error_document

MEDIA_TYPE = "application/x-votable+xml"


def error_response(error: Exception) -> Response:
    """The error as a VOTable that clients show to their users, with the request's id."""
    known = user_error(error)
    return Response(
        error_document(known.message, [("request_id", current_request_id(), "")]),
        status_code=known.status,
        headers=headers_of(known),
        media_type=MEDIA_TYPE,
    )
