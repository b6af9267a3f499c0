"""Who is asking."""

from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import HTTPConnection

# One household or institute has all addresses of such a network (RFC 6177).
_IPV6_PREFIX = 64


def principal_of(request: HTTPConnection) -> str | None:
    """The principal of a request, None for anonymous."""
    principal: str | None = getattr(request.state, "principal", None)
    return principal


def client_of(request: HTTPConnection) -> str:
    """The address of whoever asks, of IPv6 its network: what fair use counts anonymous users by.

    Behind a trusted proxy it is the address that the proxy names.
    """
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, _IPV6_PREFIX), strict=False))


async def act_as(connection: AsyncConnection, principal: str | None) -> None:
    """Until the end of the transaction, what may be read is what this principal may read
    (`starhaul.may_read`)."""
    await connection.execute(select(func.set_config("starhaul.principal", principal or "", True)))
