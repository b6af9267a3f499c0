"""Parts and files as the bulk lane sends them."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import StarhaulError
from service.lane.lane import Lane, lane_of, user_of
from service.problems import problem
from service.storage.sending import Transfer

# Less is sent before anybody could count it.
_SMALLEST_STREAM = 1 << 20


class Sendable(Protocol):
    """What a lane sends: `service.storage.sending.Content`, or what answers as it does."""

    def answer(self, scope: Scope) -> ASGIApp:
        """The answer to one request."""


class BulkResponse(Response):
    """The answer to whoever asks for `content`; 429 or 503, as `refusal` has it, where the lane has
    no room."""

    def __init__(
        self,
        request: Request,
        content: Sendable,
        refusal: Callable[[StarhaulError], Response] = problem,
    ) -> None:
        super().__init__()
        self._lane: Lane = lane_of(request)
        self._user = user_of(request)
        self._content = content
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = self._content.answer(scope)
        if not isinstance(answer, Transfer):
            await answer(scope, receive, send)
            return
        if answer.length <= _SMALLEST_STREAM:
            await answer(scope, receive, self._lane.at_pace(self._user, send))
            return
        async with AsyncExitStack() as running:
            try:
                await running.enter_async_context(self._lane.stream(self._user))
            except StarhaulError as error:
                await self._refusal(error)(scope, receive, send)
                return
            await answer(scope, receive, self._lane.in_turn(self._user, send))
