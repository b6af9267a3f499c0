"""Who is asking."""

from starlette.requests import Request


def principal_of(request: Request) -> str | None:
    """The principal of a request, None for anonymous."""
    principal: str | None = getattr(request.state, "principal", None)
    return principal
