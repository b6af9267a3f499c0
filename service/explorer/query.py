"""The box for queries: what a query would do, and its first rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

from adql import ADQLError
from service.archive import Archive
from service.check.plan import Estimate, Planner
from service.check.query import CheckedQuery, CheckError, CheckNote, check_query
from service.errors import StarhaulError
from service.explorer.rows import FirstRows, first_rows
from service.language import language_of, translate
from service.parameters import Parameters, parameters_of
from service.problems import user_error
from service.results.formats import FORMATS

SHOWN_ROWS = 100
# Longer addresses are refused by proxies on the way; such queries travel in bodies alone.
LONGEST_ADDRESS = 4_000

_LINES_AROUND = 2
_STARTS_WITH = "SELECT TOP 20 *\nFROM ivoa.obscore"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line, marked where an error lies in it."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Remark:
    """What is wrong, or worth knowing: in words, and the lines around its place by number."""

    message: str
    place: str
    suggestion: str | None = None
    lines: tuple[tuple[int, tuple[Piece, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a query would do, or why it would not. `read_whole` are tables read from end to end."""

    valid: bool
    language: str = ""
    columns: int = 0
    estimate: Estimate | None = None
    read_whole: tuple[str, ...] = ()
    errors: tuple[Remark, ...] = ()
    notes: tuple[Remark, ...] = ()


@dataclass
class QueryPage:
    """What the page shows. `trouble` is why there are no rows though they were asked for."""

    text: str = _STARTS_WITH
    verdict: Verdict | None = None
    rows: FirstRows | None = None
    trouble: str = ""
    status: int = 200
    downloads: list[tuple[str, str]] = field(default_factory=list)

    @property
    def names_datasets(self) -> bool:
        """Whether the rows name datasets, which /bulk can then pack."""
        return self.rows is not None and any(
            column.name == "obs_publisher_did" for column in self.rows.columns
        )


def query_text(parameters: Parameters) -> str:
    """The query of a form, its line ends as a query has them, without NULs, which no page holds."""
    text = parameters.single("QUERY") or ""
    return text.replace("\r\n", "\n").replace("\0", "\ufffd").strip()


async def verdict_on(archive: Archive, text: str) -> Verdict:
    """Check a query, with PostgreSQL's estimate where it is valid."""
    catalogue = await archive.catalogue.get()
    language = language_of(parameters_of([]))
    planner = Planner(archive.database.reader, archive.database.owner_copy)
    checked = await check_query(text, language, catalogue, planner=planner)
    return Verdict(
        valid=checked.valid,
        language=checked.language,
        columns=len(checked.columns),
        estimate=checked.estimate,
        read_whole=_read_whole(checked),
        errors=tuple(_remark(text, error, error.suggestion) for error in checked.errors),
        notes=_notes(checked),
    )


async def query_page(
    archive: Archive, text: str, *, run: bool, principal: str | None = None
) -> QueryPage:
    """The page of a query, with its first rows where it is to be run, by whom."""
    if not text:
        return QueryPage()
    page = QueryPage(text=text)
    try:
        page.verdict = await verdict_on(archive, text)
        if run and page.verdict.valid:
            page.rows = await _run(archive, text, principal)
            page.downloads = _downloads(text)
        elif run:
            page.status = 400
    except Exception as error:
        known = user_error(error)
        page.trouble, page.status = known.message, known.status
    return page


async def _run(archive: Archive, text: str, principal: str | None) -> FirstRows:
    try:
        query = await translate(text, language_of(parameters_of([])), await archive.catalogue.get())
    except ADQLError as error:  # a table went away since the check
        raise StarhaulError(str(error)) from error
    timeout_s = archive.settings.query_timeout_s
    return await first_rows(archive.database.reader, query, SHOWN_ROWS, timeout_s, principal)


def _downloads(text: str) -> list[tuple[str, str]]:
    """Name and address of the whole result in every format; no address for a long query."""
    found = []
    for form in FORMATS:
        query = {"LANG": "ADQL", "RESPONSEFORMAT": form.names[0], "QUERY": text}
        link = f"/tap/sync?{urlencode(query)}"
        found.append((form.names[0], link if len(link) <= LONGEST_ADDRESS else ""))
    return found


def _read_whole(checked: CheckedQuery) -> tuple[str, ...]:
    """Those tables of the query that are read whole. A view's own tables have other names: they
    are the query's table where it has but one."""
    if checked.estimate is None or not checked.estimate.scans:
        return ()
    names = {each.table_name: f"{each.schema_name}.{each.table_name}" for each in checked.tables}
    if len(names) == 1:
        return tuple(names.values())
    return tuple(names[scan] for scan in checked.estimate.scans if scan in names)


def _notes(checked: CheckedQuery) -> tuple[Remark, ...]:
    """Each note once, with all of its places."""
    places: dict[str, list[str]] = {}
    for note in checked.notes:
        places.setdefault(note.message, []).append(_place(note))
    return tuple(Remark(message, "; ".join(found)) for message, found in places.items())


def _place(remark: CheckError | CheckNote) -> str:
    return f"line {remark.line}, column {remark.column}"


def _remark(text: str, error: CheckError, suggestion: str | None) -> Remark:
    return Remark(error.message, _place(error), suggestion, tuple(_lines_around(text, error)))


def _lines_around(text: str, error: CheckError) -> Iterator[tuple[int, tuple[Piece, ...]]]:
    """The lines near an error, its place as a piece of its own."""
    lines = text.split("\n")
    first = max(1, error.line - _LINES_AROUND)
    for number in range(first, min(len(lines), error.line + _LINES_AROUND) + 1):
        line = lines[number - 1]
        if number != error.line:
            yield number, (Piece(line, False),)
            continue
        begin = error.column - 1
        end = begin + max(1, error.length)
        marked = line[begin:end] or " "
        yield number, (Piece(line[:begin], False), Piece(marked, True), Piece(line[end:], False))
