"""HTTP/1.1 as uvicorn speaks it, with the socket of each connection for who sends large bodies."""

import asyncio
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.storage.outlet import EXTENSION

_LOOK_AGAIN_S = 0.001


@dataclass(frozen=True, slots=True)
class _Outlet:
    """The outlet of one answer."""

    cycle: RequestResponseCycle

    async def emptied(self) -> int | None:
        """As `service.storage.outlet.Outlet` has it."""
        transport = self.cycle.transport
        while transport.get_write_buffer_size():  # noqa: ASYNC110 (it tells nobody)
            await asyncio.sleep(_LOOK_AGAIN_S)
        connected = transport.get_extra_info("socket")
        if self.cycle.disconnected or transport.is_closing() or connected is None:
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
