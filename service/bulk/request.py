"""What a bulk job is asked for, read from its parameters and checked before the job exists."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schema import semantics
from service import naming
from service.bulk.form import FORMS
from service.bulk.part_size import part_size
from service.errors import UsageError
from service.language import Language, language_of
from service.parameters import Parameters
from service.uploads.request import Upload, wanted_uploads

# What RESPONSEFORMAT may say: the names of the forms, and their media types.
FORMATS = {name: name for name in FORMS} | {form.MEDIA_TYPE: name for name, form in FORMS.items()}
_MOST_COLUMNS = 20
_LIST = re.compile(r'\s*("(?:[^"]|"")+"|[^\s",]+)(?:\s+(asc|desc))?\s*(?:,|$)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OrderKey:
    """A column that members are ordered by."""

    name: str
    descending: bool


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """Datasets by a query, by identifiers or by an uploaded table, and how they are packed.

    `semantics` are terms of DataLink with their narrower ones; None where SEMANTICS was not given.
    `part_size` is in bytes; `since` is a job's id.
    """

    query: str | None
    language: Language
    ids: tuple[str, ...]
    uploads: tuple[Upload, ...]
    form: str
    part_size: int
    naming: naming.Template
    semantics: tuple[str, ...] | None
    unique: tuple[str, ...]
    order: tuple[OrderKey, ...]
    since: str | None


def bulk_request(parameters: Parameters) -> BulkRequest:
    """Read the parameters; UsageError where one of them is wrong."""
    query, ids = parameters.single("QUERY"), parameters.many("ID")
    uploads = wanted_uploads(parameters)
    _check_sources(query, ids, uploads)
    _check_detect(parameters.single("DETECT"))
    form = parameters.single("RESPONSEFORMAT", "FORMAT") or "tar"
    if form.lower() not in FORMATS:
        raise UsageError(f"RESPONSEFORMAT={form[:40]!r} is not known; use {' or '.join(FORMS)}")
    return BulkRequest(
        query=query,
        language=language_of(parameters),
        ids=ids,
        uploads=uploads,
        form=FORMATS[form.lower()],
        part_size=part_size(parameters.single("PART_SIZE")),
        naming=naming.template(parameters.single("NAMING") or naming.DEFAULT),
        semantics=_semantics(parameters),
        unique=tuple(key.name for key in _columns(parameters, "UNIQUE", directions=False)),
        order=_columns(parameters, "ORDER", directions=True),
        since=_since(parameters),
    )


def hashes_first(parameters: Mapping[str, Sequence[str]]) -> bool:
    """Whether the files of a job's parts are hashed before they are sent (DETECT=hash)."""
    return [value.lower() for value in parameters.get("DETECT", ())] == ["hash"]


def _check_detect(detect: str | None) -> None:
    if detect is not None and detect.lower() not in ("state", "hash"):
        raise UsageError(
            f"DETECT={detect[:40]!r} is not known; use hash, to have each file compared with its "
            "checksum before it is sent, or state, to have its size and times compared"
        )


def _check_sources(query: str | None, ids: tuple[str, ...], uploads: tuple[Upload, ...]) -> None:
    if (query is None and not uploads) == (not ids):
        raise UsageError(
            "give either QUERY, an ADQL query whose rows name datasets by obs_publisher_did or "
            "access_url, or ID once or more, or UPLOAD, a table with such a column"
        )
    if query is None and len(uploads) > 1:
        raise UsageError(
            f"UPLOAD names {len(uploads)} tables and there is no QUERY; give one table, or a QUERY "
            "that joins them"
        )


def _semantics(parameters: Parameters) -> tuple[str, ...] | None:
    """Terms and their narrower ones, with and without #, apart by commas or blanks."""
    given = re.split(r"[\s,]+", " ".join(parameters.many("SEMANTICS")).strip())
    if given == [""]:
        return None
    wanted: dict[str, None] = {}
    for text in given:
        term = "#" + text.removeprefix(semantics.VOCABULARY).removeprefix("#").lower()
        if term not in semantics.TERMS:
            raise UsageError(
                f"SEMANTICS={text[:40]!r} is no term of {semantics.VOCABULARY}; use one of "
                f"{', '.join(semantics.TERMS)}"
            )
        wanted |= dict.fromkeys(semantics.with_narrower(term))
    return tuple(wanted)


def _columns(parameters: Parameters, name: str, *, directions: bool) -> tuple[OrderKey, ...]:
    """Columns apart by commas or by repeating the parameter, each with asc or desc if allowed."""
    keys = []
    for value in parameters.many(name):
        position = 0
        while position < len(value):
            found = _LIST.match(value, position)
            if found is None or (found[2] and not directions):
                form = "column [asc|desc], ..." if directions else "column, ..."
                raise UsageError(f"{name}={value[:80]!r} cannot be read; write {name}={form}")
            column = found[1]
            if column.startswith('"'):
                column = column[1:-1].replace('""', '"')
            keys.append(OrderKey(column, (found[2] or "").lower() == "desc"))
            position = found.end()
    if len(keys) > _MOST_COLUMNS:
        raise UsageError(f"{name} names {len(keys)} columns; the most is {_MOST_COLUMNS}")
    return tuple(keys)


def _since(parameters: Parameters) -> str | None:
    text = parameters.single("SINCE")
    if text is None:
        return None
    found = re.fullmatch(r"(?:\S*/)?([0-9a-f]{32})/?", text.strip())
    if found is None:
        raise UsageError(f"SINCE={text[:80]!r} is no job; give the id or URL of a bulk job")
    return found[1]
