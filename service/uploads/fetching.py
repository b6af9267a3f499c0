"""Uploads by URL: fetched into a file, bounded in size and time, from public hosts alone.

Each name is resolved here and the connection made to the address that was checked, so that a name
cannot mean another host a moment later; redirects are followed one by one, each checked likewise.
"""

import asyncio
from pathlib import Path

import aiofiles
import httpx

from service.config import Settings
from service.errors import TooLarge, UsageError
from service.uploads.addresses import reachable_address

TOO_MUCH = (
    "what the tables of a query may still have; upload fewer rows or columns, or a binary format"
)
_MOST_REDIRECTS = 5
_TIMEOUT = httpx.Timeout(30, connect=10)
_CHUNK_BYTES = 1 << 18


async def fetch(url: str, target: Path, settings: Settings, most_bytes: int) -> None:
    """Write what a URL gives, unpacked from its Content-Encoding, to a new file.

    UsageError where it cannot be had, TooLarge where it is larger than `most_bytes`.
    """
    try:
        async with (
            asyncio.timeout(settings.upload_fetch_timeout_s),
            httpx.AsyncClient(trust_env=False, timeout=_TIMEOUT) as client,
        ):
            response = await _follow(client, httpx.URL(url), settings)
            try:
                await _save(response, target, most_bytes)
            finally:
                await response.aclose()
    except (TimeoutError, httpx.TimeoutException):
        raise UsageError(
            f"{url[:200]} did not give the whole table within "
            f"{settings.upload_fetch_timeout_s:g} s; send the table inline (param:)"
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise UsageError(
            f"{url[:200]} cannot be fetched ({type(error).__name__}); correct the URL"
        ) from None


async def _follow(client: httpx.AsyncClient, url: httpx.URL, to: Settings) -> httpx.Response:
    """The open answer that redirects lead to."""
    for _ in range(_MOST_REDIRECTS + 1):
        if url.scheme not in ("http", "https") or not url.host:
            raise UsageError(f"{str(url)[:200]} is no http or https URL; correct it")
        response = await client.send(await _request(client, url, to), stream=True)
        if response.status_code == httpx.codes.OK:
            return response
        await response.aclose()
        if not response.has_redirect_location:
            raise UsageError(
                f"{str(url)[:200]} answered with status {response.status_code}; correct the URL"
            )
        url = url.join(response.headers["location"])
    raise UsageError(f"{str(url)[:200]} redirects more than {_MOST_REDIRECTS} times")


async def _request(client: httpx.AsyncClient, url: httpx.URL, settings: Settings) -> httpx.Request:
    """The request to the address that was checked, in the name of the host."""
    port = url.port or (443 if url.scheme == "https" else 80)
    address = await reachable_address(url.host, port, allowed=settings.upload_private_hosts)
    return client.build_request(
        "GET",
        url.copy_with(host=address),
        headers={
            "Host": url.netloc.decode("ascii"),
            "User-Agent": "Starhaul (IVOA-upload)",
            "Accept-Encoding": "gzip",
        },
        extensions={"sni_hostname": url.host},
    )


async def _save(response: httpx.Response, target: Path, most_bytes: int) -> None:
    announced = response.headers.get("content-length", "")
    received = int(announced) if announced.isdecimal() else 0
    if received <= most_bytes:
        received = 0
        async with aiofiles.open(target, "wb") as file:
            async for chunk in response.aiter_bytes(_CHUNK_BYTES):
                received += len(chunk)
                if received > most_bytes:
                    break
                await file.write(chunk)
    if received > most_bytes:
        raise TooLarge(f"the table is larger than {most_bytes} bytes, {TOO_MUCH}")
