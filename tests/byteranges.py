"""Answers that hold several ranges (multipart/byteranges, RFC 9110 §14.6), taken apart."""

import random
import re

import httpx

_HEAD = re.compile(
    rb"\r\n--(?P<boundary>[0-9a-f]+)\r\nContent-Type: (?P<type>[^\r]+)\r\n"
    rb"Content-Range: bytes (\d+)-(\d+)/(\d+)\r\n\r\n"
)


def ranges_of(answer: httpx.Response, media_type: str, size: int) -> list[tuple[int, bytes]]:
    """Where each range begins, and its bytes."""
    kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
    assert (answer.status_code, kind) == (206, "multipart/byteranges")
    assert answer.headers["content-length"] == str(len(answer.content))
    found, position = [], 0
    while head := _HEAD.match(answer.content, position):
        assert (head["boundary"], head["type"]) == (boundary.encode(), media_type.encode())
        first, last, total = map(int, head.groups()[2:])
        assert total == size
        position = head.end() + last + 1 - first
        found.append((first, answer.content[head.end() : position]))
    assert answer.content[position:] == f"\r\n--{boundary}--\r\n".encode()
    return found


def check_any_ranges(url: str, whole: bytes, media_type: str) -> None:
    """Any several ranges are those bytes, and HEAD says the same of them as GET."""
    draw = random.Random(len(whole))
    for _ in range(20):
        cuts = sorted(draw.sample(range(len(whole)), 2 * draw.randint(2, 6)))
        asked = list(zip(cuts[::2], cuts[1::2], strict=True))
        draw.shuffle(asked)
        headers = {"range": "bytes=" + ", ".join(f"{first}-{last - 1}" for first, last in asked)}
        answer = httpx.get(url, headers=headers)
        found = ranges_of(answer, media_type, len(whole))
        assert found == [(first, whole[first:last]) for first, last in asked]
    head = httpx.head(url, headers=headers)
    for name in ("content-length", "content-type", "etag"):
        assert (head.status_code, head.headers[name]) == (206, answer.headers[name])
    apart = ",".join(f"{2 * n}-{2 * n}" for n in range(1000))
    refused = httpx.get(url, headers={"range": f"bytes={apart}"})
    assert (refused.status_code, refused.headers["content-range"]) == (416, f"bytes */{len(whole)}")
    assert "send 100 at a time" in refused.json()["detail"]
    overlapping = httpx.get(url, headers={"range": "bytes=" + "0-9,5-19," * 500})
    assert (overlapping.status_code, overlapping.content) == (206, whole[:20])
