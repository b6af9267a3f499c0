"""Uploads by URL: what is fetched, from where, and what is refused."""

import gzip
import zlib

import httpx
import pytest

from service.errors import UsageError
from service.uploads.addresses import reachable_address
from tests.uploads.conftest import ALL, COUNT, SMALL, UPLOAD_BYTES, Uploading, Web


def test_upload_by_url(uploading: Uploading, web: Web) -> None:
    url = web.put("/t.vot", SMALL)
    assert uploading.table(COUNT, UPLOAD=f"t,{url}")["n"].tolist() == [3]
    packed = web.put("/packed.vot", gzip.compress(SMALL), "gzip")
    assert uploading.table(COUNT, UPLOAD=f"t,{packed}")["n"].tolist() == [3]
    web.put("/moved", "/t.vot")
    moved = web.put("/moved/twice", "/moved")
    answer = httpx.get(
        f"{uploading.url}/tap/sync",
        params={"LANG": "ADQL", "QUERY": COUNT, "UPLOAD": f"t,{moved}", "RESPONSEFORMAT": "csv"},
    )
    assert answer.text.split() == ["n", "3"]


def test_urls_that_give_no_table(uploading: Uploading, web: Web) -> None:
    loop = web.put("/loop", "/loop")
    elsewhere = web.put("/elsewhere", "file:///etc/passwd")
    large = web.put("/large", b"a\n" + b"1\n" * UPLOAD_BYTES)
    bomb = web.put("/bomb", zlib.compress(b"a\n" + b"1\n" * 8 * UPLOAD_BYTES), "deflate")
    for url, said in (
        (f"{web.url}/absent", "answered with status 404"),
        (loop, "redirects more than 5 times"),
        (elsewhere, "is no http or https URL"),
        (large, f"larger than {UPLOAD_BYTES} bytes"),
        (bomb, f"larger than {UPLOAD_BYTES} bytes"),
        ("http://127.0.0.1:1/t", "cannot be fetched (ConnectError)"),
        ("http://no-such-host.invalid/t", "the host no-such-host.invalid is not known"),
    ):
        message = uploading.error(ALL, UPLOAD=f"t,{url}")
        assert message.startswith("upload t: ")
        assert said in message


PRIVATE = [
    "http://10.0.0.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://192.168.1.1/",
    "http://172.16.0.1/",
    "http://100.64.0.1/",
    "http://0.0.0.0/",
    "http://127.0.0.2/",
    "http://2130706434/",
    "http://0x7f.2/",
    "http://224.0.0.1/",
    "http://[::1]/",
    "http://[fe80::1]/",
    "http://[fd00::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[2002:0a00:0001::]/",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_private_addresses_are_refused(uploading: Uploading, web: Web, url: str) -> None:
    refused = "is not on the public internet"
    assert refused in uploading.error(ALL, UPLOAD=f"t,{url}")
    redirect = web.put(f"/to/{len(web.files)}", url)
    assert refused in uploading.error(ALL, UPLOAD=f"t,{redirect}")


async def test_addresses_and_networks_can_be_allowed() -> None:
    assert await reachable_address("10.1.2.3", 80, allowed=["10.1.0.0/16"]) == "10.1.2.3"
    assert await reachable_address("8.8.8.8", 80, allowed=[]) == "8.8.8.8"
    assert await reachable_address("LOCALHOST", 80, allowed=["localhost"])
    with pytest.raises(UsageError, match="not on the public internet"):
        await reachable_address("10.2.2.3", 80, allowed=["10.1.0.0/16", "localhost"])
