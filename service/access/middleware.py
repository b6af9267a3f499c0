"""Who is asking, found once for each request, before anything else looks at it.

By the working draft of SSO 2.1 answers name the principal (§3.3), and capabilities say how to
become one (§3.2): that is where TOPCAT looks whether there is something to log in to.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass, field

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.access import tokens
from service.access.credentials import CHALLENGES, presented_token
from service.archive import Archive
from service.errors import Unauthorized

# A token that was revoked, or has expired, works no longer than this.
_MAX_AGE_S = 3.0
_MOST_KNOWN = 10_000


@dataclass
class KnownTokens:
    """The principals of tokens as PostgreSQL knew them at most _MAX_AGE_S seconds ago."""

    _known: OrderedDict[bytes, tuple[float, str]] = field(default_factory=OrderedDict)

    async def principal(self, archive: Archive, token: str) -> str:
        """Whose token this is; Unauthorized where it is nobody's."""
        digest = tokens.digest_of(token)
        read_at, principal = self._known.get(digest, (0.0, ""))
        if principal and time.monotonic() - read_at < _MAX_AGE_S:
            return principal
        self._known.pop(digest, None)
        async with archive.database.owner.connect() as connection:
            found = await tokens.principal_with(connection, digest)
        if found is None:
            raise Unauthorized(
                "the token is wrong, was revoked or has expired; ask the archive's operator for a "
                "new one, or send no credentials to see what is open to all"
            )
        self._known[digest] = (time.monotonic(), found)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return found


class PrincipalMiddleware:
    """Note the principal of each request in its state; requests without credentials pass by."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._tokens = KnownTokens()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        token = presented_token(scope["headers"])
        if token is not None:
            archive: Archive = scope["app"].state.archive
            principal = await self._tokens.principal(archive, token)
            scope.setdefault("state", {})["principal"] = principal
            send = _telling(send, [("X-VO-Authenticated", principal)])
        elif scope["path"].endswith("/capabilities"):
            send = _telling(send, [("WWW-Authenticate", each) for each in CHALLENGES])
        await self.app(scope, receive, send)


def _telling(send: Send, headers: list[tuple[str, str]]) -> Send:
    """The same with headers added to the answer."""

    async def telling_send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer = MutableHeaders(scope=message)
            for name, value in headers:
                answer.append(name, value)
        await send(message)

    return telling_send
