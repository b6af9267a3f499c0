"""A request id on every response, and in every line of the log that the request caused."""

import secrets
from contextvars import ContextVar

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-Id"
_current: ContextVar[str] = ContextVar("request_id", default="-")


def current_request_id() -> str:
    """The id of the request being answered, "-" outside of one."""
    return _current.get()


class RequestIdMiddleware:
    """Give each HTTP request a random id of 16 hexadecimal digits."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        token = _current.set(request_id)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        try:
            with structlog.contextvars.bound_contextvars(
                request_id=request_id, path=scope["path"], method=scope["method"]
            ):
                await self.app(scope, receive, send_with_id)
        finally:
            _current.reset(token)
