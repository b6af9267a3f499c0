"""Which records a harvester asks for, and where it goes on (OAI-PMH 2.0 §2.7, §3.5)."""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from service.registry.records import Record

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_TOKEN_PARTS = 7


class Fault(Exception):
    """An error by its code of OAI-PMH 2.0 §3.6."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Selection:
    """A list of records: those after `after` (datestamp, identifier), of which `cursor` came
    before. `begin` and `end` are texts as they were asked for, both included."""

    prefix: str
    begin: str
    end: str
    set: str
    after: tuple[str, str] = ("", "")
    cursor: int = 0


def read_selection(arguments: Mapping[str, str]) -> Selection:
    """What the arguments of a listing ask for; Fault where they are wrong."""
    if "resumptionToken" in arguments:
        return _resumed(arguments["resumptionToken"])
    found = Selection(
        arguments["metadataPrefix"],
        arguments.get("from", ""),
        arguments.get("until", ""),
        arguments.get("set", ""),
    )
    _bounds(found)
    return found


def selected(records: Sequence[Record], asked: Selection, only_set: str) -> list[Record]:
    """The records that are asked for, of those in the order of their datestamps."""
    if asked.set not in ("", only_set):
        return []
    begin, end = _bounds(asked)
    return [
        record
        for record in records
        if begin <= record.datestamp <= end and _place(record) > asked.after
    ]


def next_token(asked: Selection, page: Sequence[Record]) -> str:
    """The token for what comes after a page."""
    ahead = replace(asked, after=_place(page[-1]), cursor=asked.cursor + len(page))
    parts = [ahead.prefix, ahead.begin, ahead.end, ahead.set, *ahead.after, ahead.cursor]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def _place(record: Record) -> tuple[str, str]:
    return record.datestamp.isoformat(), record.identifier


def _resumed(token: str) -> Selection:
    wrong = Fault("badResumptionToken", "the token is none of this repository's; begin again")
    try:
        parts = json.loads(base64.urlsafe_b64decode(token.encode("ascii")))
    except (ValueError, binascii.Error, RecursionError):
        raise wrong from None
    if not isinstance(parts, list) or len(parts) != _TOKEN_PARTS:
        raise wrong
    *texts, cursor = parts
    if not all(isinstance(each, str) for each in texts) or type(cursor) is not int or cursor < 1:
        raise wrong
    prefix, begin, end, of_set, datestamp, identifier = texts
    found = Selection(prefix, begin, end, of_set, (datestamp, identifier), cursor)
    try:
        _bounds(found)
    except Fault:
        raise wrong from None
    return found


def _bounds(asked: Selection) -> tuple[datetime, datetime]:
    """First and last moment; Fault where the dates are wrong or of different granularity."""
    if asked.begin and asked.end and len(asked.begin) != len(asked.end):
        raise Fault("badArgument", "from and until must have the same granularity")
    begin = _moment("from", asked.begin, "00:00:00") if asked.begin else _at(datetime.min)
    end = _moment("until", asked.end, "23:59:59") if asked.end else _at(datetime.max)
    if begin > end:
        raise Fault("badArgument", "from is later than until")
    return begin, end


def _moment(name: str, text: str, time_of_day: str) -> datetime:
    try:
        if _DAY.fullmatch(text):
            return _at(datetime.fromisoformat(f"{text}T{time_of_day}"))
        if _SECOND.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise Fault("badArgument", f"{name} is no date of UTC as YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ")


def _at(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
