"""The bulk job as its UWS document describes it (UWS 1.1 §2.2.2.2)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit
from xml.etree import ElementTree

from starhaul_client.errors import NoSuchJob
from starhaul_client.names import checked_name
from starhaul_client.session import SILENCE_S, Session

_UWS = "{http://www.ivoa.net/xml/UWS/v1.0}"
_HREF = "{http://www.w3.org/1999/xlink}href"
# A part that a repair made again has its revision in its name.
_PART = re.compile(r"(.+?)(?:-r\d+)?-\d{5,}\.(?:tar|zip)")
_PART_ID = re.compile(r"part-(\d+)")
_WAIT_S = 60
_UNFINISHED = ("QUEUED", "EXECUTING", "HELD", "SUSPENDED", "UNKNOWN")


@dataclass(frozen=True, slots=True)
class Part:
    """A part: its URL, the name of its file, its size in bytes."""

    url: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Job:
    """A completed bulk job: its URL, its parts in order, the URL of its manifest as CSV."""

    url: str
    parts: tuple[Part, ...]
    manifest: str

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts)

    @property
    def name(self) -> str:
        """The name of the package, which is that of the directory its parts unpack into."""
        name = _PART.fullmatch(self.parts[0].name)
        return name[1] if name else self.parts[0].name


def completed_job(session: Session, url: str, waiting: Callable[[str], None]) -> Job:
    """The job at `url` once it is COMPLETED; `waiting` hears each phase that is waited in.

    NoSuchJob where it never will be.
    """
    scheme, host, path, _, _ = urlsplit(url)
    url = urlunsplit((scheme, host, path.rstrip("/"), "", ""))
    phase, query = "", ""
    while True:
        document = _document(session, f"{url}{query}")
        phase = document.findtext(f"{_UWS}phase", "")
        if phase == "COMPLETED":
            return _job(url, document)
        if phase not in _UNFINISHED:
            raise NoSuchJob(_why_not(url, phase, document))
        waiting(phase)
        query = f"?WAIT={_WAIT_S}&PHASE={phase}"


def _document(session: Session, url: str) -> ElementTree.Element:
    def ask() -> bytes:
        accept = {"Accept": "application/xml, text/xml;q=0.9"}
        with session.answer("GET", url, accept, silence_s=_WAIT_S + SILENCE_S) as response:
            return response.read()

    try:
        document = ElementTree.fromstring(session.until_answered(ask))
    except ElementTree.ParseError as error:
        raise NoSuchJob(f"{url} is no bulk job: what it answers is not XML") from error
    if document.tag != f"{_UWS}job":
        raise NoSuchJob(f"{url} is no bulk job: what it answers is no UWS job document")
    return document


def _why_not(url: str, phase: str, document: ElementTree.Element) -> str:
    if phase == "PENDING":
        return f"the job {url} has not been started; start it with: curl -d PHASE=RUN {url}/phase"
    said = document.findtext(f"{_UWS}errorSummary/{_UWS}message", "").strip()
    return f"the job {url} ended as {phase or 'unknown'}" + (f": {said}" if said else "")


def _job(url: str, document: ElementTree.Element) -> Job:
    results = {each.get("id", ""): each for each in document.iter(f"{_UWS}result")}

    def href(result: ElementTree.Element) -> str:
        return urljoin(f"{url}/", result.get(_HREF, ""))

    parts = []
    numbered = {int(found[1]): i for i in results if (found := _PART_ID.fullmatch(i))}
    for _, identity in sorted(numbered.items()):
        link, size = href(results[identity]), results[identity].get("size", "")
        if not size.isdigit():
            raise NoSuchJob(f"the job {url} does not say how large its result {identity} is")
        name = checked_name(unquote(urlsplit(link).path.rpartition("/")[2]))
        parts.append(Part(link, name, int(size)))
    if not parts or "manifest.csv" not in results:
        raise NoSuchJob(f"the job {url} has no parts; it is no bulk job of a Starhaul archive")
    return Job(url, tuple(parts), href(results["manifest.csv"]))
