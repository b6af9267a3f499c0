"""Which hosts an upload may be fetched from: what everybody reaches, not this network's own.

DESIGN §10: a URL in a request must not make the archive ask its neighbours for it.
"""

import asyncio
import ipaddress
import socket

from service.errors import UsageError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


async def reachable_address(host: str, port: int, *, allowed: list[str]) -> str:
    """An address of a host to connect to. UsageError where one of its addresses is not public.

    `allowed` holds host names, addresses and networks that are fetched from all the same.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UsageError(f"the host {host[:100]} is not known; correct the URL") from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if host.lower() not in (name.lower() for name in allowed):
        for address in addresses:
            if not _is_public(address) and not _in_networks(address, allowed):
                raise UsageError(
                    f"the host {host[:100]} is not on the public internet, and this archive "
                    "fetches from nowhere else; send the table inline (param:)"
                )
    return str(addresses[0])


def _is_public(address: Address) -> bool:
    """Whether the whole internet reaches it; addresses within addresses are looked at too."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address.teredo is not None:
            inner = address.teredo[1]
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return _is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _in_networks(address: Address, allowed: list[str]) -> bool:
    for name in allowed:
        try:
            if address in ipaddress.ip_network(name, strict=False):
                return True
        except ValueError:
            continue  # a host name
    return False
