"""What a bulk job is asked for, read from its parameters and checked before the job exists."""

from dataclasses import dataclass

from adql.catalogue import Catalogue
from adql.translation import Translation
from service.errors import UsageError
from service.language import Language, language_of, translated
from service.parameters import Parameters

DEFAULT_PART_SIZE = 4 * 2**30
SMALLEST_PART_SIZE = 2**20
_NAMING = ("obs_publisher_did", "access_url")
_LATER = {
    "UPLOAD": "give the identifiers by ID, or by a QUERY that finds them",
    "NAMING": "files are named COLLECTION/PATH as the archive has them",
    "UNIQUE": "choose by the QUERY itself",
    "ORDER": "use ORDER BY in the QUERY",
    "SEMANTICS": "the datasets' own files (#this) are packed",
    "SINCE": "restrict the QUERY by a date",
}


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """Datasets by an ADQL query or by identifiers; the target size of a part in bytes."""

    query: str | None
    language: Language
    ids: tuple[str, ...]
    part_size: int


def bulk_request(parameters: Parameters) -> BulkRequest:
    """Read the parameters; UsageError where one is wrong or not offered yet."""
    for name, instead in _LATER.items():
        if parameters.many(name):
            raise UsageError(f"{name} is not offered by this version of /bulk; {instead}")
    form = parameters.single("RESPONSEFORMAT")
    if form is not None and form.lower() not in ("tar", "application/x-tar"):
        raise UsageError(f"RESPONSEFORMAT={form!r} is not offered; parts are tar files: use tar")
    query, ids = parameters.single("QUERY"), parameters.many("ID")
    if (query is None) == (not ids):
        raise UsageError(
            "give either QUERY, an ADQL query whose rows name datasets by obs_publisher_did or "
            "access_url, or ID once or more"
        )
    language = language_of(parameters)
    size = parameters.whole_number("PART_SIZE")
    if size is not None and size < SMALLEST_PART_SIZE:
        raise UsageError(f"PART_SIZE={size} is too small; give at least {SMALLEST_PART_SIZE} bytes")
    return BulkRequest(query, language, ids, size or DEFAULT_PART_SIZE)


async def selecting(query: str, language: Language, catalogue: Catalogue) -> Translation:
    """The query in PostgreSQL's words; UsageError where it is wrong or names no datasets."""
    translation = await translated(query, language, catalogue)
    naming_column(translation)
    return translation


def naming_column(translation: Translation) -> tuple[str, str]:
    """Which column names the datasets: its name, and its name in the SQL.

    UsageError where the query has neither obs_publisher_did nor access_url.
    """
    found = {column.meta.name.lower(): column.sql_name for column in reversed(translation.columns)}
    for name in _NAMING:
        if name in found:
            return name, found[name]
    returned = ", ".join(column.meta.name for column in translation.columns[:10])
    raise UsageError(
        f"name obs_publisher_did or access_url in the query; your query returns {returned}"
    )
