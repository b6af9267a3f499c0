"""The socket of a connection, for another process that sends what follows by itself."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

EXTENSION = "starhaul.outlet"  # of ASGI, in `scope["extensions"]`


class Outlet(Protocol):
    """Where the body of the answer goes that has been begun."""

    async def emptied(self) -> int | None:
        """The file descriptor, once all that was written before has left; None where the client
        has."""

    def sent(self, octets: int) -> None:
        """Count bytes of the body that another process has sent."""


@dataclass(frozen=True, slots=True)
class PacedOutlet:
    """An outlet, and what returns when so many more bytes may be sent through it: `most` at once.

    A client that takes none of them for `patience_s` seconds has gone.
    """

    outlet: Outlet
    pace: Callable[[int], Awaitable[None]]
    most: int
    patience_s: float


def outlet_of(scope: MutableMapping[str, Any]) -> Outlet | None:
    """The outlet of a request's connection; None where the server gives none."""
    return cast(Outlet | None, scope.get("extensions", {}).get(EXTENSION))
