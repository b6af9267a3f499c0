"""DALI's rules for parameters, once for all protocols (DALI 1.1 §3.2 and §2.6.4).

Names are case-insensitive, unknown ones are ignored, a repeated single-valued one is an error.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import Request

from service.errors import TooLarge, UsageError
from service.multipart import FilePlace, MultipartReader

# Bounded by the body, whose bytes are counted; this bounds the objects made of them.
_MOST_FIELDS = 1_000_000
_SWITCH = {"1": True, "true": True, "0": False, "false": False}
_MULTIPART = "multipart/form-data"
FORM_TYPES = ("application/x-www-form-urlencoded", _MULTIPART)


@dataclass(frozen=True)
class Parameters:
    """The parameters of a request, by upper-case name; `files` are the parts that are files, by
    their name as sent (DALI 1.1 §3.4.5: `param:NAME` names one)."""

    values: Mapping[str, tuple[str, ...]]
    files: Mapping[str, Path] = field(default_factory=dict)

    def single(self, *names: str) -> str | None:
        """The value of a parameter that may be given once, under any of its synonyms.

        None where it is absent or empty. UsageError where it is given twice with different values.
        """
        found = [value for name in names for value in self.values.get(name, ()) if value != ""]
        if len(set(found)) > 1:
            given = ", ".join(repr(value) for value in found[:3])
            raise UsageError(
                f"parameter {names[0]} is given {len(found)} times ({given}); give it once"
            )
        return found[0] if found else None

    def many(self, name: str) -> tuple[str, ...]:
        """Every value of a parameter that may be repeated, in order, without empty ones."""
        return tuple(value for value in self.values.get(name, ()) if value != "")

    def whole_number(self, name: str) -> int | None:
        """The value of a parameter that counts something; UsageError where it does not."""
        text = self.single(name)
        if text is None:
            return None
        try:
            number = int(text)
        except ValueError:
            number = -1
        if number < 0:
            raise UsageError(f"{name}={text!r} is not a whole number of 0 or more")
        return number

    def flag(self, name: str) -> bool:
        """Whether a switch is on: 1 or true; absent, 0 and false are off."""
        text = self.single(name)
        if text is None:
            return False
        if text.lower() not in _SWITCH:
            raise UsageError(f"{name}={text!r} is not known; use 1 or 0")
        return _SWITCH[text.lower()]

    def as_dict(self) -> dict[str, list[str]]:
        """The values as plain lists, for a job to keep."""
        return {name: list(values) for name, values in self.values.items()}


def parameters_of(
    pairs: Iterable[tuple[str, str]], files: Mapping[str, Path] | None = None
) -> Parameters:
    """Parameters from name, value pairs in the order they came."""
    values: dict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        values[name.upper()].append(value)
    return Parameters({name: tuple(found) for name, found in values.items()}, files or {})


async def read_parameters(
    request: Request, *, max_body: int, files: FilePlace | None = None
) -> Parameters:
    """The parameters of a GET, HEAD or POST; those of URL and body together.

    Files are kept in `files`, which whoever gave it removes; without it they are refused.
    TooLarge where the body is larger than `max_body` bytes, at once where the client announces
    it, else while it streams in.
    """
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    most = max_body + files.most_bytes if files and kind == _MULTIPART else max_body
    _refuse_announced(request, most)
    pairs = list(request.query_params.multi_items())
    if request.method != "POST" or kind not in FORM_TYPES:
        return parameters_of(pairs)
    bounded = _bounded(request, most)
    if kind == _MULTIPART:
        reader = MultipartReader(content_type, most_text=max_body, place=files)
        await reader.read(bounded.stream())
        return parameters_of([*pairs, *reader.texts], reader.files)
    form = await bounded.form(max_part_size=max_body, max_fields=_MOST_FIELDS)
    pairs += [(name, str(value)) for name, value in form.multi_items()]
    return parameters_of(pairs)


def _too_large(max_body: int) -> TooLarge:
    return TooLarge(
        f"the request's body is larger than {max_body} bytes; "
        "use POST with fewer or shorter values, or an upload by URL"
    )


def _refuse_announced(request: Request, max_body: int) -> None:
    """TooLarge before a byte is read where the client says how long its body is."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_body:
        raise _too_large(max_body)


def _bounded(request: Request, max_body: int) -> Request:
    """The same request with a body that raises TooLarge past `max_body` bytes."""
    received = 0
    receive = request.receive

    async def bounded_receive() -> dict[str, object]:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > max_body:
            raise _too_large(max_body)
        return dict(message)

    return Request(request.scope, bounded_receive)
