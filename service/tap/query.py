"""A TAP query's parameters, and the result they ask for (TAP 1.1 §2.7)."""

import asyncio
from dataclasses import dataclass
from typing import TypeAlias

import adql
from adql.catalogue import Catalogue
from adql.syntax.words import Version
from adql.translation import Translation
from service.config import Settings
from service.errors import UsageError
from service.parameters import Parameters
from service.results.format import Format
from service.results.formats import format_named

# Longer texts are parsed in a thread, so that other requests go on meanwhile.
_IN_THREAD_CHARACTERS = 16_384

# An INFO element: name, value, text.
Info: TypeAlias = tuple[str, str, str]

# Values of LANG: the language's version (TAP 1.1 §2.7.2).
LANGUAGES: dict[str, Version] = {"ADQL": "2.1", "ADQL-2.1": "2.1", "ADQL-2.0": "2.0"}
_LANG_MISSING: Info = ("LANG", "ADQL", "LANG was not given; the query was read as ADQL 2.1")


@dataclass(frozen=True, slots=True)
class TapQuery:
    """What a request asks for. `notes` are INFO elements for its result: name, value, text."""

    text: str
    version: Version
    form: Format
    maxrec: int | None
    notes: tuple[Info, ...] = ()


def tap_query(parameters: Parameters, *, default_maxrec: int | None) -> TapQuery:
    """Read the parameters; UsageError where one of them is wrong."""
    request = parameters.single("REQUEST")
    if request is not None and request.lower() != "doquery":
        raise UsageError(f"REQUEST={request!r} is not known; leave it out, or use doQuery")
    if parameters.many("UPLOAD"):
        raise UsageError(
            "this archive takes no table uploads yet; write the values into the query instead, "
            "for instance WHERE name IN ('a', 'b')"
        )
    language = parameters.single("LANG")
    version = LANGUAGES.get((language or "ADQL").upper())
    if version is None:
        raise UsageError(f"LANG={language!r} is not known; use one of {', '.join(LANGUAGES)}")
    text = parameters.single("QUERY")
    if text is None:
        raise UsageError("QUERY is missing; give an ADQL query")
    maxrec = parameters.whole_number("MAXREC")
    return TapQuery(
        text=text,
        version=version,
        form=format_named(parameters.single("RESPONSEFORMAT", "FORMAT")),
        maxrec=default_maxrec if maxrec is None else maxrec,
        notes=() if language is not None else (_LANG_MISSING,),
    )


async def translated(query: TapQuery, catalogue: Catalogue) -> Translation:
    """The query in PostgreSQL's words; UsageError with the place of what is wrong."""
    try:
        if len(query.text) > _IN_THREAD_CHARACTERS:
            return await asyncio.to_thread(
                adql.translate, query.text, catalogue, version=query.version
            )
        return adql.translate(query.text, catalogue, version=query.version)
    except adql.ADQLError as error:
        raise UsageError(str(error)) from error


def result_infos(
    query: TapQuery, settings: Settings, run_id: str | None, origin: Info
) -> list[Info]:
    """The INFO elements of a result: what was asked, of whom, and by which request or job."""
    infos = [
        ("query", query.text, ""),
        ("server", "Starhaul", f"{settings.title}, {settings.base_url}/tap"),
        origin,
        *query.notes,
    ]
    return infos if run_id is None else [*infos, ("RUNID", run_id, "")]
