"""A TAP query's parameters, and the result they ask for (TAP 1.1 §2.7)."""

from dataclasses import dataclass
from typing import TypeAlias

from adql.translation import Translation
from service.config import Settings
from service.errors import UsageError
from service.language import Language, language_of
from service.parameters import Parameters
from service.results.format import Format
from service.results.formats import format_named
from service.uploads.request import Upload, wanted_uploads

# An INFO element: name, value, text.
Info: TypeAlias = tuple[str, str, str]

_LANG_MISSING = "LANG was not given; the query was read as"


@dataclass(frozen=True, slots=True)
class TapQuery:
    """What a request asks for."""

    text: str
    language: Language
    form: Format
    maxrec: int | None
    uploads: tuple[Upload, ...]


def tap_query(parameters: Parameters, *, default_maxrec: int | None) -> TapQuery:
    """Read the parameters; UsageError where one of them is wrong."""
    request = parameters.single("REQUEST")
    if request is not None and request.lower() != "doquery":
        raise UsageError(f"REQUEST={request!r} is not known; leave it out, or use doQuery")
    language = language_of(parameters)
    text = parameters.single("QUERY")
    if text is None:
        raise UsageError("QUERY is missing; give an ADQL query")
    maxrec = parameters.whole_number("MAXREC")
    return TapQuery(
        text=text,
        language=language,
        form=format_named(parameters.single("RESPONSEFORMAT", "FORMAT")),
        maxrec=default_maxrec if maxrec is None else maxrec,
        uploads=wanted_uploads(parameters),
    )


def result_infos(
    query: TapQuery,
    translation: Translation,
    settings: Settings,
    run_id: str | None,
    origin: Info,
) -> list[Info]:
    """The INFO elements of a result: what was asked, of whom, by which request or job, and what
    to be warned of (DALI 1.1 §4.4.3 leaves their names to the service)."""
    language = query.language
    infos = [
        ("query", query.text, ""),
        ("server", "Starhaul", f"{settings.title}, {settings.base_url}/tap"),
        origin,
    ]
    if not language.given:
        infos.append(("LANG", language.name, f"{_LANG_MISSING} {language.name}"))
    infos += [("warning", str(note), "") for note in translation.notes]
    return infos if run_id is None else [*infos, ("RUNID", run_id, "")]
