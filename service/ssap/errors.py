"""An error of SSAP: a VOTable that says so, with HTTP's 200 where the request is wrong.

"Service operations should return a VOTable"; statuses of HTTP are for "more fundamental service or
protocol errors" (SSAP 1.1 §1.3.4, §8.10), and Java's clients show no body that comes with one.
"""

from starlette.responses import Response

from service.errors import UsageError
from service.problems import headers_of, user_error
from service.request_id import current_request_id
from service.results.votable import error_document
from service.ssap.request import VERSION

MEDIA_TYPE = "text/xml;content=x-votable"
PROTOCOL = ("SERVICE_PROTOCOL", VERSION, "SSAP")


def error_response(error: Exception) -> Response:
    """The error as a VOTable, with the request's id."""
    known = user_error(error)
    infos = [PROTOCOL, ("request_id", current_request_id(), "")]
    return Response(
        error_document(known.message, infos),
        status_code=200 if known.status == UsageError.status else known.status,
        headers={"Content-Type": MEDIA_TYPE, **headers_of(known)},
    )
