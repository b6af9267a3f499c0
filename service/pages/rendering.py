"""Templates and the headers that every page carries."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from service.pages import numbers

# Pages load nothing from elsewhere, so nothing from elsewhere may run in them.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@cache
def environment() -> Environment:
    """The templates, with the filters for numbers."""
    found = Environment(
        loader=PackageLoader("service.pages"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(count=numbers.count, size=numbers.size)
    found.globals.update(dates=numbers.dates, wavelengths=numbers.wavelengths)
    return found


def html(
    template: str, status: int = 200, headers: dict[str, str] | None = None, **values: object
) -> HTMLResponse:
    """A page from its template."""
    body = environment().get_template(template).render(**values)
    return HTMLResponse(body, status_code=status, headers=_HEADERS | (headers or {}))
