"""Rows that name datasets are shown with their pictures, drawn when somebody looks at them."""

import re

import httpx
import pytest

from adql.columns import ColumnMeta
from service.explorer.pictures import pictures
from service.explorer.rows import FirstRows
from tests.conftest import Stack

_PICTURE = re.compile(r'<img src="(/previews/[^"]+)" width="\d+" height="\d+" loading="lazy"')
_BASE = "http://archive.example"


def _found(*rows: tuple[object, object], names: str = "dataproduct_type access_url") -> FirstRows:
    columns = tuple(
        ColumnMeta(name, "char", "*", None, None, None, None, None) for name in names.split()
    )
    return FirstRows(columns, rows, more=False)


def test_rows_have_pictures_where_their_files_are_drawn() -> None:
    found = _found(
        ("image", f"{_BASE}/files/12"),
        ("spectrum", f"{_BASE}/files/13"),
        ("visibility", f"{_BASE}/files/14"),
        ("image", f"{_BASE}/datalink/links?ID=x"),
        ("image", "http://elsewhere.example/files/15"),
        ("image", f"{_BASE}/files/\u0661"),
        (None, None),
    )
    assert pictures(found, _BASE) == [
        "/previews/12.png?SIZE=128",
        "/previews/13.svg?SIZE=128",
        *[None] * 5,
    ]


@pytest.mark.parametrize(
    "found",
    [
        _found(),
        _found(("event", f"{_BASE}/files/1")),
        _found(("image", f"{_BASE}/files/1"), names="dataproduct_type url"),
    ],
)
def test_without_any_there_is_no_column_for_them(found: FirstRows) -> None:
    assert pictures(found, _BASE) == []


def test_a_page_of_datasets_shows_what_they_look_like(stack: Stack) -> None:
    """The sample of ivoa.obscore, the rows of a query, the first files of a package."""
    query = "SELECT dataproduct_type, access_url FROM ivoa.obscore WHERE dataproduct_type = 'image'"
    with httpx.Client(base_url=stack.url, timeout=60, follow_redirects=True) as client:
        browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        sample = client.get("/explorer/tables/ivoa.obscore", headers=browser)
        assert len(_PICTURE.findall(sample.text)) == 5
        result = client.get("/explorer/query", params={"QUERY": query, "RUN": "1"}, headers=browser)
        assert len(_PICTURE.findall(result.text)) == result.text.count("/files/") // 2 > 6
        form = {"QUERY": query, "PHASE": "RUN"}
        job = client.post("/bulk", data=form, headers={"Accept": "*/*"}).url
        while client.get(f"{job}/phase?WAIT=30").text in ("QUEUED", "EXECUTING"):
            pass
        package = client.get(job, headers=browser)
        drawn = _PICTURE.findall(package.text)
        assert len(drawn) == 6
        picture = client.get(drawn[0])
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
