"""Whose buffer goes next: one for each turn of the event loop, so that whatever else the loop has
to do waits for one buffer at most, and users in turn, however many streams each has."""

import asyncio
from collections import OrderedDict, deque


class Turns:
    """The waiting streams of one event loop, by user."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._taken = False

    async def next(self, user: str) -> None:
        """Return when it is a user's turn: at once where nobody had this turn of the loop."""
        loop = asyncio.get_running_loop()
        if not self._taken:
            self._taken = True
            loop.call_soon(self._pass)
            return
        turn = loop.create_future()
        self._waiting.setdefault(user, deque()).append(turn)
        await turn

    def _pass(self) -> None:
        """Give the turn to the user who waited longest for one."""
        while self._waiting:
            user, streams = self._waiting.popitem(last=False)
            turn = streams.popleft()
            if streams:
                self._waiting[user] = streams
            if not turn.done():  # its client may have left
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._pass)
                return
        self._taken = False
