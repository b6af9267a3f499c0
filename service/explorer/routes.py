"""The URLs below /explorer. Names are as TAP_SCHEMA has them, percent-encoded."""

from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from adql.functions.user_functions import THEMES
from service.archive import archive_of
from service.errors import NotFound
from service.examples import TableExample, examples_of
from service.explorer import query as box
from service.explorer.cells import query_url
from service.explorer.overview import read_overview, read_schema
from service.explorer.pages import page, twin_or
from service.explorer.search import search
from service.explorer.sky import places
from service.explorer.table import (
    as_rows,
    named,
    read_column,
    read_table,
    sample_of,
    sky_of,
)
from service.explorer.twins import Content, Form, form_of, found, split_suffix
from service.html import sky_map
from service.html.snippets import snippets
from service.parameters import read_parameters
from service.principal import principal_of
from service.results.formats import FORMATS

_READ = ["GET", "HEAD"]
_NO_STORE = {"Cache-Control": "no-store"}
_SUFFIXES = ("", Form.JSON.value, Form.VOTABLE.value)

router = APIRouter(include_in_schema=False)


def _steps(request: Request, query: str) -> object:
    formats = ", ".join(form.names[0] for form in FORMATS)
    return snippets(archive_of(request).settings.base_url, query, formats)


async def overview(request: Request) -> Response:
    """All schemas and tables, or what a search finds."""
    asked = " ".join(request.query_params.get("q", "").replace("\0", " ").split())
    async with archive_of(request).database.owner_copy.acquire() as connection:
        if asked:
            examples = await examples_of(request).get()
            content = await search(connection, asked, examples)
        else:
            content = await read_overview(connection)
    template = "search.html" if asked else "overview.html"
    return twin_or(request, content, _form(request), template, {"asked": asked})


@router.api_route("/explorer/schemas/{name:path}", methods=_READ)
async def schema(request: Request, name: str) -> Response:
    """One schema."""
    async with archive_of(request).database.owner_copy.acquire() as connection:
        content, form = await found(request, name, partial(read_schema, connection))
    return twin_or(request, content, form, "schema.html")


@router.api_route("/explorer/tables/{name:path}", methods=_READ)
async def table_or_column(request: Request, name: str) -> Response:
    """One table, or one column of it."""
    examples = await examples_of(request).get()
    async with archive_of(request).database.owner_copy.acquire() as connection:

        async def read(wanted: str) -> Content:
            table, column = await named(connection, wanted)
            if column:
                return await read_column(connection, table, column)
            return await read_table(connection, table, examples)

        content, form = await found(request, name, read)
    if "columns" not in content:
        quantiles = {str(each["share"]): each["value"] for each in content["quantiles"]}
        return twin_or(request, content, form, "column.html", {"quantiles": quantiles})
    return await _table(request, content, form)


async def _table(request: Request, content: Content, form: Form) -> Response:
    archive = archive_of(request)
    sample, trouble = await sample_of(archive, content)
    content["sample"] = [] if sample is None else as_rows(sample)
    content["sky"] = await sky_of(archive, content)
    return twin_or(
        request,
        content,
        form,
        "table.html",
        {
            "sample": sample,
            "trouble": trouble,
            "sky": sky_map,
            "strokes": sky_map.strokes(places(content["sky"])),
            "steps": _steps(request, f"SELECT TOP 10 *\nFROM {content['name']}"),
        },
    )


async def examples(request: Request) -> Response:
    """All examples."""
    content = {"examples": [_example(e) for e in await examples_of(request).get()]}
    return twin_or(request, content, _form(request), "examples.html")


@router.api_route("/explorer/examples/{name}", methods=_READ)
async def example(request: Request, name: str) -> Response:
    """One example."""
    known = {e.example.name: _example(e) for e in await examples_of(request).get()}

    async def read(wanted: str) -> Content:
        if wanted not in known:
            raise NotFound(f"there is no example {wanted[:100]!r}; /explorer/examples lists them")
        return known[wanted]

    content, form = await found(request, name, read)
    steps = _steps(request, str(content["query"]))
    return twin_or(request, content, form, "example.html", {"steps": steps})


async def functions(request: Request) -> Response:
    """The user-defined functions by theme."""
    listed = [
        {"theme": theme, "name": f.name, "signature": f.signature, "description": f.description}
        for theme, members in THEMES.items()
        for f in members
    ]
    return twin_or(request, {"functions": listed}, _form(request), "functions.html")


for _path, _handler in (
    ("/explorer", overview),
    ("/explorer/examples", examples),
    ("/explorer/functions", functions),
):
    for _suffix in _SUFFIXES:
        router.add_api_route(_path + _suffix, _handler, methods=_READ)


@router.api_route("/explorer/", methods=_READ)
async def with_slash() -> Response:
    """The address as people type it."""
    return RedirectResponse("/explorer", status_code=308)


@router.api_route("/explorer/query", methods=[*_READ, "POST"])
async def query(request: Request) -> Response:
    """The box for queries. A form that was sent becomes an address, unless it is too long."""
    archive = archive_of(request)
    parameters = await read_parameters(request, max_body=archive.settings.max_body_bytes)
    text, run = box.query_text(parameters), parameters.flag("RUN")
    if request.method == "POST" and text:
        address = query_url(text, run=run)
        if len(address) <= box.LONGEST_ADDRESS:
            return RedirectResponse(address, status_code=303)
    shown = await box.query_page(
        archive,
        text,
        run=run and request.method != "HEAD",
        principal=principal_of(request),
    )
    values = {
        "query": shown,
        "most": box.SHOWN_ROWS,
        "steps": _steps(request, shown.text),
        "examples": [_example(known) for known in await examples_of(request).get()],
    }
    return page(request, "query.html", values, status=shown.status, headers=_NO_STORE)


@router.post("/explorer/query/verdict")
async def verdict(request: Request) -> Response:
    """The part of that page that says what a query would do: asked for while it is written."""
    archive = archive_of(request)
    parameters = await read_parameters(request, max_body=archive.settings.max_body_bytes)
    text = box.query_text(parameters)
    judged = await box.verdict_on(archive, text) if text else None
    return page(request, "verdict.html", {"verdict": judged}, headers=_NO_STORE)


def _form(request: Request) -> Form:
    """What suffix or Accept asks for."""
    _, form = split_suffix(request.url.path)
    return form_of(request) if form is Form.PAGE else form


def _example(known: TableExample) -> Content:
    words = known.example
    return {
        "name": words.name,
        "title": words.title,
        "description": words.description,
        "tables": list(known.tables),
        "query": words.query,
    }
