"""Templates and the headers that every page carries."""

from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import Response

from service.html import numbers

# Pages load nothing from elsewhere, so nothing from elsewhere may run in them.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@cache
def _environment(package: str) -> Environment:
    """The templates of one room, on the frame of all, with the filters for numbers."""
    found = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("service.html")]),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(count=numbers.count, size=numbers.size)
    found.globals.update(dates=numbers.dates, wavelengths=numbers.wavelengths)
    return found


def html(
    package: str,
    template: str,
    status: int = 200,
    headers: dict[str, str] | None = None,
    media_type: str = "text/html",
    **values: object,
) -> Response:
    """A page from a template of `package` ("service.pages"); every page needs `title`.

    The frame of all pages is well-formed XML; a template may go out as application/xhtml+xml where
    its own part is, too.
    """
    body = _environment(package).get_template(template).render(**values)
    return Response(
        body, status_code=status, headers=_HEADERS | (headers or {}), media_type=media_type
    )
