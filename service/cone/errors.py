"""An error as cone search has it: a VOTable with one INFO named Error (SCS 1.03 §2.3)."""

from starlette.responses import Response

from service.cone.request import MEDIA_TYPE
from service.errors import UsageError
from service.problems import headers_of, user_error
from service.request_id import current_request_id
from service.results.votable import info_document


def error_response(error: Exception) -> Response:
    """The error, its words the value of the INFO, where clients look for them.

    What is wrong with the request is told with status 200: SCS 1.03 knows the document alone, and
    its clients read none that comes with another status. Everything else keeps its status.
    """
    known = user_error(error)
    infos = [("Error", known.message, ""), ("request_id", current_request_id(), "")]
    return Response(
        info_document(infos),
        status_code=200 if known.status == UsageError.status else known.status,
        headers={**headers_of(known), "Content-Type": MEDIA_TYPE},
    )
