"""Templates and the headers that every page carries."""

from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

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
    **values: object,
) -> HTMLResponse:
    """A page from a template of `package` ("service.pages"); every page needs `title`."""
    body = _environment(package).get_template(template).render(**values)
    return HTMLResponse(body, status_code=status, headers=_HEADERS | (headers or {}))
