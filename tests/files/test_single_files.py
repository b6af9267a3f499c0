"""/files/{id}: the bytes of the store, their checksum as ETag, and nothing to who may not."""

import base64
import hashlib
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.byteranges import check_any_ranges
from tests.haul import Haul


def _url(haul: Haul, name: str) -> str:
    (row,) = haul.fetch("SELECT id FROM archive.holding WHERE path = $1", name)
    return f"{haul.url}/files/{row['id']}"


def test_the_bytes_and_what_is_said_of_them(haul: Haul) -> None:
    for name in (haul.names[3], "empty.fits", "case/A.fits"):
        content = (haul.store / name).read_bytes()
        answer = httpx.get(_url(haul, name), headers={"origin": "http://a.page"})
        assert answer.status_code == 200
        assert answer.content == content
        assert answer.headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
        assert answer.headers["content-type"] == "application/fits"
        assert answer.headers["content-length"] == str(len(content))
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("options", [[], ["-I"], ["-r", "10-99"], ["-r", "0-9,50-59"]])
def test_curl_is_told_the_checksum_of_the_whole_file(
    haul: Haul, tmp_path: Path, require_tool: Callable[[str], str], options: list[str]
) -> None:
    """Also of ranges and HEAD (RFC 9530 §3.1)."""
    url, content = _url(haul, haul.names[8]), (haul.store / haul.names[8]).read_bytes()
    command = [require_tool("curl"), "-fsS", "-D", "headers", "-o", "body", *options, url]
    subprocess.run(command, cwd=tmp_path, check=True)
    said = re.findall(r"(?im)^repr-digest: (.*?)\r?$", (tmp_path / "headers").read_text())
    assert said == [f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"]
    if not options:
        assert (tmp_path / "body").read_bytes() == content


def test_a_name_that_is_not_ascii_is_said_in_both_forms(haul: Haul) -> None:
    name = next(name for name in haul.names if not name.isascii())
    base = name.rsplit("/", 1)[1]
    assert base.isascii()
    disposition = httpx.head(_url(haul, name)).headers["content-disposition"]
    assert disposition == f'attachment; filename="{base}"'
    odd = 'Δ "x".fits'
    haul.fetch("UPDATE archive.holding SET path = $1 WHERE path = $2", odd, haul.names[9])
    (haul.store / haul.names[9]).rename(haul.store / odd)
    try:
        answer = httpx.get(_url(haul, odd))
        assert answer.status_code == 200
        disposition = answer.headers["content-disposition"]
        assert f"filename*=UTF-8''{quote(odd, safe='')}" in disposition
        assert 'filename="_ _x_.fits"' in disposition
    finally:
        (haul.store / odd).rename(haul.store / haul.names[9])
        haul.fetch("UPDATE archive.holding SET path = $2 WHERE path = $1", odd, haul.names[9])


def test_ranges_and_preconditions(haul: Haul) -> None:
    url, content = _url(haul, haul.names[5]), (haul.store / haul.names[5]).read_bytes()
    tag = httpx.head(url).headers["etag"]
    middle = httpx.get(url, headers={"range": "bytes=100-299"})
    assert (middle.status_code, middle.content) == (206, content[100:300])
    assert middle.headers["content-range"] == f"bytes 100-299/{len(content)}"
    assert httpx.get(url, headers={"if-none-match": tag}).status_code == 304
    stale = {"range": "bytes=1-", "if-range": '"old"'}
    assert httpx.get(url, headers=stale).content == content
    behind = httpx.get(url, headers={"range": f"bytes={len(content)}-"})
    assert behind.status_code == 416
    old = "Fri, 01 May 1998 12:00:00 GMT"
    assert httpx.get(url, headers={"if-unmodified-since": old}).status_code == 412
    check_any_ranges(url, content, "application/fits")


def test_a_file_that_is_not_permitted_does_not_exist(haul: Haul) -> None:
    url = _url(haul, haul.names[6])
    for table in ("holding", "dataset"):
        where = "path" if table == "holding" else "obs_id"
        change = f"UPDATE archive.{table} SET readable_by = $1 WHERE {where} = $2"
        haul.fetch(change, ["somebody"], haul.names[6])
        try:
            hidden = httpx.get(url)
            none = httpx.get(f"{haul.url}/files/999999999")
            assert hidden.status_code == none.status_code == 404
            assert (
                hidden.json()["detail"].replace(url.rsplit("/", 1)[1], "999999999")
                == (none.json()["detail"])
            )
        finally:
            haul.fetch(change, None, haul.names[6])
    assert httpx.get(url).status_code == 200


@pytest.mark.parametrize("path", ["0", "x", "-1", "9" * 30, "٣", "1/properties"])
def test_other_paths_are_404_at_once(haul: Haul, path: str) -> None:
    assert httpx.get(f"{haul.url}/files/{path}").status_code == 404


def test_a_changed_or_vanished_file_is_410(haul: Haul) -> None:
    url, file = _url(haul, haul.names[7]), haul.store / haul.names[7]
    stat, content = file.stat(), file.read_bytes()
    file.write_bytes(content + b"!")
    changed = httpx.get(url)
    assert changed.status_code == 410
    assert haul.names[7] in changed.json()["detail"]
    assert str(haul.store) not in changed.text
    file.rename(file.with_suffix(".away"))
    assert httpx.get(url).status_code == 410
    file.with_suffix(".away").rename(file)
    with file.open("r+b") as opened:
        opened.truncate(len(content))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert httpx.get(url).content == content
