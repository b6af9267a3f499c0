"""/bulk in a browser: what is about to be packed, and a button; nothing is made by a GET.

Service descriptors lead here with the identifiers of datasets, as clients that can only GET do.
"""

from starlette.requests import Request
from starlette.responses import Response

from service.archive import archive_of
from service.html.rendering import html
from service.parameters import Parameters

_SHOWN = 10


def start_page(request: Request, parameters: Parameters) -> Response:
    """A form of the parameters given; an empty one for a query where there are none."""
    given = [
        (name, value)
        for name, values in parameters.values.items()
        for value in values
        if value and name != "PHASE"
    ]
    settings = archive_of(request).settings
    ids = parameters.many("ID")
    return html(
        "service.bulk",
        "start.html",
        headers={"Cache-Control": "no-store", "Vary": "Accept"},
        title=settings.title,
        base_url=settings.base_url,
        given=given,
        query=parameters.many("QUERY"),
        ids=ids[:_SHOWN],
        more=len(ids) - _SHOWN,
        count_of_ids=len(ids),
    )
