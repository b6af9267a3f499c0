"""HTTP/1.1 as uvicorn speaks it, with the socket of each connection for who sends large bodies."""

import asyncio
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.storage.outlet import EXTENSION

# Between two looks whether the last bytes below the mark of flow control have left.
_SHORTEST_S, _LONGEST_S = 0.001, 0.1


@dataclass(frozen=True, slots=True)
class _Outlet:
    """The outlet of one answer."""

    cycle: RequestResponseCycle

    async def emptied(self) -> int | None:
        """As `service.storage.outlet.Outlet` has it."""
        cycle, transport, pause = self.cycle, self.cycle.transport, _SHORTEST_S
        await cycle.flow.drain()
        while not cycle.disconnected and transport.get_write_buffer_size():
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_S)
        connected = transport.get_extra_info("socket")
        if cycle.disconnected or transport.is_closing() or connected is None:
            return None
        return int(connected.fileno())

    def sent(self, octets: int) -> None:
        """As `service.storage.outlet.Outlet` has it."""
        self.cycle.expected_content_length -= octets


class OutletProtocol(HttpToolsProtocol):
    """A connection; without TLS its requests have an outlet."""

    def on_headers_complete(self) -> None:
        """Start what answers the request; it runs when this has returned."""
        super().on_headers_complete()
        if self.scheme == "http" and self.cycle is not None and self.cycle.scope is self.scope:
            outlet: dict[Any, Any] = {EXTENSION: _Outlet(self.cycle)}
            self.scope["extensions"] = outlet
