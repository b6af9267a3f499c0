"""OPTIONS on every URL (DESIGN §10); browsers' preflights are CORSMiddleware's."""

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_ALLOW = "GET, HEAD, POST, DELETE, OPTIONS"


class OptionsMiddleware:
    """Answer OPTIONS with 204 and the methods in use."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            await Response(status_code=204, headers={"Allow": _ALLOW})(scope, receive, send)
            return
        await self.app(scope, receive, send)
