"""A page's content as JSON or VOTable: the same words as on the page, for programs.

A content is a dictionary: scalars and dictionaries say something of the whole, lists of
dictionaries are tables.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response

from service.errors import NotFound
from service.results.elements import xml_text
from service.results.votable import NAMESPACE

Content: TypeAlias = dict[str, Any]


class Form(Enum):
    """How a content is wanted, by the suffix of its URL."""

    PAGE = ""
    JSON = ".json"
    VOTABLE = ".vot"


def form_of(request: Request) -> Form:
    """What Accept asks for; a page where it asks for nothing in particular."""
    accept = request.headers.get("accept", "")
    if "text/html" in accept:
        return Form.PAGE
    if "votable" in accept:
        return Form.VOTABLE
    return Form.JSON if "json" in accept else Form.PAGE


def split_suffix(name: str) -> tuple[str, Form]:
    """A name without the suffix that asks for a form."""
    for form in (Form.JSON, Form.VOTABLE):
        if name.endswith(form.value):
            return name.removesuffix(form.value), form
    return name, Form.PAGE


async def found(
    request: Request, name: str, read: Callable[[str], Awaitable[Content]]
) -> tuple[Content, Form]:
    """The content of that name; of the name without its suffix where there is none so called."""
    try:
        return await read(name), form_of(request)
    except NotFound:
        stem, form = split_suffix(name)
        if form is Form.PAGE:
            raise
    return await read(stem), form


def as_json(content: Content) -> Response:
    """The content as JSON."""
    body = json.dumps(content, ensure_ascii=False, allow_nan=False, default=str)
    return Response(body, media_type="application/json")


def as_votable(content: Content) -> Response:
    """The content as a VOTable: INFOs for what is said of the whole, a TABLE for each list
    that is not empty."""
    root = etree.Element("VOTABLE", nsmap={None: NAMESPACE}, version="1.4")
    resource = etree.SubElement(root, "RESOURCE", type="results")
    etree.SubElement(resource, "INFO", name="QUERY_STATUS", value="OK")
    tables = {name: value for name, value in content.items() if is_table(value)}
    whole = {name: value for name, value in content.items() if name not in tables}
    for name, value in flat(whole).items():
        if value is not None:
            etree.SubElement(resource, "INFO", name=xml_text(name), value=_text(value))
    for name, rows in tables.items():
        if rows:
            _table(resource, name, [flat(row) for row in rows])
    return Response(
        etree.tostring(root, encoding="UTF-8", xml_declaration=True),
        media_type="application/x-votable+xml",
    )


def is_table(value: Any) -> bool:
    """Whether a value of a content is a list of dictionaries, which may be empty."""
    return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)


def flat(words: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dictionaries within the dictionary dissolved: {"a": {"b": 1}} as {"a_b": 1}."""
    result: dict[str, Any] = {}
    for name, value in words.items():
        if isinstance(value, Mapping):
            result |= flat(value, f"{prefix}{name}_")
        else:
            result[prefix + name] = value
    return result


def _table(resource: etree._Element, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    table = etree.SubElement(resource, "TABLE", name=xml_text(name))
    fields = list(dict.fromkeys(key for row in rows for key in row))
    for number, field in enumerate(fields, start=1):
        named = {"ID": f"{xml_text(name)}_{number}", "name": xml_text(field)}
        etree.SubElement(table, "FIELD", named | _type([row.get(field) for row in rows]))
    data = etree.SubElement(etree.SubElement(table, "DATA"), "TABLEDATA")
    for row in rows:
        cells = etree.SubElement(data, "TR")
        for field in fields:
            value = row.get(field)
            etree.SubElement(cells, "TD").text = None if value is None else _text(value)


def _type(values: Sequence[Any]) -> dict[str, str]:
    """datatype and arraysize of a field that holds these values."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known):
        return {"datatype": "boolean"}
    if known and all(type(value) is int and abs(value) < 2**63 for value in known):
        return {"datatype": "long"}
    if known and all(type(value) in (int, float) for value in known):
        return {"datatype": "double"}
    return {"datatype": "unicodeChar", "arraysize": "*"}


def _text(value: Any) -> str:
    """A value as XML holds it; a list of words with blanks between, other structures as JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return xml_text(" ".join(value))
    if isinstance(value, list | dict):
        return xml_text(json.dumps(value, ensure_ascii=False))
    return xml_text(str(value))
