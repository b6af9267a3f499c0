"""OAI-PMH 2.0: a request's arguments to the answer, a document whatever is asked (§3).

A resumption token is the place after which to go on in the order of datestamps, so that a record
that changes meanwhile comes again later and none is missed.
"""

import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from lxml import etree

from service.registry.dublin import OAI_DC, dublin_core
from service.registry.records import Record
from service.registry.resources import RI
from service.registry.selection import Fault, Selection, next_token, read_selection, selected
from service.results.elements import xml_text

OAI = "http://www.openarchives.org/OAI/2.0/"
SET = "ivo_managed"
"""The set of all records that this registry is the source of (RegistryInterfaces 1.1 §2.3)."""

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_LOCATION = f"{OAI} http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
# Prefix: schema, namespace.
_FORMATS = {
    "ivo_vor": ("http://www.ivoa.net/xml/RegistryInterface/v1.0", RI),
    "oai_dc": ("http://www.openarchives.org/OAI/2.0/oai_dc.xsd", OAI_DC),
}
_LISTING = ("from", "until", "set", "metadataPrefix", "resumptionToken")
# Verb: the arguments that it takes, those that it needs.
_ARGUMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Identify": ((), ()),
    "ListMetadataFormats": (("identifier",), ()),
    "ListSets": (("resumptionToken",), ()),
    "GetRecord": (("identifier", "metadataPrefix"), ("identifier", "metadataPrefix")),
    "ListIdentifiers": (_LISTING, ("metadataPrefix",)),
    "ListRecords": (_LISTING, ("metadataPrefix",)),
}
ARGUMENT_NAMES = ("verb", "identifier", *_LISTING)


@dataclass(frozen=True, slots=True)
class Repository:
    """What Identify tells, and the records, in the order of their datestamps."""

    name: str
    base_url: str
    email: str
    itself: etree._Element
    records: Sequence[Record]
    page: int


_WORD = re.compile(r"[A-Za-z0-9_.!~*'():=-]+")
_URI = re.compile(r"[A-Za-z0-9_.!~*'():/?@&=+$,;-]+")
Pairs: TypeAlias = Sequence[tuple[str, str]]
Arguments: TypeAlias = dict[str, str]


def respond(repository: Repository, pairs: Pairs, now: datetime) -> bytes:
    """The answer to a request: its result, or its errors by their codes (§3.6)."""
    # A prefix, and no default namespace: elements of VOResource have none.
    root = etree.Element(f"{{{OAI}}}OAI-PMH", nsmap={"oai": OAI, "xsi": _XSI})
    root.set(f"{{{_XSI}}}schemaLocation", _LOCATION)
    _text(root, "responseDate", stamp(now))
    request = _text(root, "request", repository.base_url)
    try:
        arguments = _arguments(pairs)
        verb = arguments["verb"]
        answered = etree.Element(f"{{{OAI}}}{verb}", nsmap={"oai": OAI, "xsi": _XSI})
        try:
            _VERBS[verb](repository, arguments, answered)
        finally:
            for name, value in arguments.items():
                if _is_plain(name, value):
                    request.set(name, value)
        root.append(answered)
    except Fault as fault:
        if fault.code == "badArgument":
            request.attrib.clear()  # §3.2: none where they are not as they should be
        _text(root, "error", fault.message).set("code", fault.code)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="utf-8")


def _is_plain(name: str, value: str) -> bool:
    """Whether the schema takes a value for an attribute of request."""
    wanted = _URI if name == "identifier" else _WORD
    return wanted.fullmatch(value) is not None


def _arguments(pairs: Pairs) -> Arguments:
    verbs = [value for name, value in pairs if name == "verb"]
    if len(verbs) != 1 or verbs[0] not in _ARGUMENTS:
        raise Fault("badVerb", f"give one verb, one of {', '.join(_ARGUMENTS)}")
    verb = verbs[0]
    known, needed = _ARGUMENTS[verb]
    names = [name for name, _ in pairs if name != "verb"]
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise Fault("badArgument", f"{verb} takes no argument {unknown[:40]!r}")
    if len(names) != len(set(names)):
        raise Fault("badArgument", "an argument is given twice")
    if "resumptionToken" in names:
        if len(names) > 1:
            raise Fault("badArgument", "resumptionToken goes with the verb alone")
    elif missing := [name for name in needed if name not in names]:
        raise Fault("badArgument", f"{verb} needs the argument {missing[0]}")
    return dict(pairs)


def _identify(repository: Repository, _: Arguments, answer: etree._Element) -> None:
    earliest = min(record.datestamp for record in repository.records)
    _text(answer, "repositoryName", repository.name)
    _text(answer, "baseURL", repository.base_url)
    _text(answer, "protocolVersion", "2.0")
    _text(answer, "adminEmail", repository.email)
    _text(answer, "earliestDatestamp", stamp(earliest))
    _text(answer, "deletedRecord", "persistent")
    _text(answer, "granularity", "YYYY-MM-DDThh:mm:ssZ")
    etree.SubElement(answer, f"{{{OAI}}}description").append(deepcopy(repository.itself))


def _formats(repository: Repository, arguments: Arguments, answer: etree._Element) -> None:
    if "identifier" in arguments:
        _record(repository, arguments["identifier"])
    for prefix, (schema, namespace) in _FORMATS.items():
        element = etree.SubElement(answer, f"{{{OAI}}}metadataFormat")
        _text(element, "metadataPrefix", prefix)
        _text(element, "schema", schema)
        _text(element, "metadataNamespace", namespace)


def _sets(_: Repository, arguments: Arguments, answer: etree._Element) -> None:
    if "resumptionToken" in arguments:
        raise Fault("badResumptionToken", "all sets were in one answer")
    element = etree.SubElement(answer, f"{{{OAI}}}set")
    _text(element, "setSpec", SET)
    _text(element, "setName", "Records that this registry is the source of")


def _get(repository: Repository, arguments: Arguments, answer: etree._Element) -> None:
    prefix = _known_prefix(arguments["metadataPrefix"])
    _append_record(answer, _record(repository, arguments["identifier"]), prefix)


def _identifiers(repository: Repository, arguments: Arguments, answer: etree._Element) -> None:
    _list(repository, arguments, answer, lambda record, _: _append_header(answer, record))


def _records(repository: Repository, arguments: Arguments, answer: etree._Element) -> None:
    _list(
        repository, arguments, answer, lambda record, prefix: _append_record(answer, record, prefix)
    )


def _list(
    repository: Repository,
    arguments: Arguments,
    answer: etree._Element,
    append: Callable[[Record, str], None],
) -> None:
    """One page of a list, and the token of the next."""
    asked: Selection = read_selection(arguments)
    prefix = _known_prefix(asked.prefix)
    found = selected(repository.records, asked, SET)
    if not found:
        raise Fault("noRecordsMatch", "no record has changed in that time, or is in that set")
    page = found[: repository.page]
    for record in page:
        append(record, prefix)
    more = len(found) > len(page)
    if more or asked.cursor:
        token = _text(answer, "resumptionToken", next_token(asked, page) if more else "")
        token.set("completeListSize", str(asked.cursor + len(found)))
        token.set("cursor", str(asked.cursor))


def _known_prefix(prefix: str) -> str:
    if prefix not in _FORMATS:
        raise Fault("cannotDisseminateFormat", f"metadataPrefix is one of {', '.join(_FORMATS)}")
    return prefix


def _record(repository: Repository, identifier: str) -> Record:
    for record in repository.records:
        if record.identifier.lower() == identifier.lower():
            return record
    raise Fault("idDoesNotExist", f"there is no resource {identifier[:200]!r} here")


def _append_header(parent: etree._Element, record: Record) -> None:
    header = etree.SubElement(parent, f"{{{OAI}}}header")
    if record.resource is None:
        header.set("status", "deleted")
    _text(header, "identifier", record.identifier)
    _text(header, "datestamp", stamp(record.datestamp))
    _text(header, "setSpec", SET)


def _append_record(parent: etree._Element, record: Record, prefix: str) -> None:
    element = etree.SubElement(parent, f"{{{OAI}}}record")
    _append_header(element, record)
    if record.resource is not None:
        metadata = etree.SubElement(element, f"{{{OAI}}}metadata")
        is_core = prefix == "oai_dc"
        metadata.append(dublin_core(record.resource) if is_core else deepcopy(record.resource))


def stamp(moment: datetime) -> str:
    """A moment of UTC to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(parent: etree._Element, tag: str, value: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{OAI}}}{tag}")
    element.text = xml_text(value) or None
    return element


_VERBS: dict[str, Callable[[Repository, Arguments, etree._Element], None]] = {
    "Identify": _identify,
    "ListMetadataFormats": _formats,
    "ListSets": _sets,
    "GetRecord": _get,
    "ListIdentifiers": _identifiers,
    "ListRecords": _records,
}
