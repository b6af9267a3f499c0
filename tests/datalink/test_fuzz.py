"""Values of parameters that nobody means: never an error of ours."""

import httpx
from hypothesis import given
from hypothesis import strategies as st

from tests.datalink.conftest import DATASETS
from tests.xsd import valid

_NAMES = st.sampled_from(["ID", "id", "RESPONSEFORMAT", "MAXREC", "REQUEST", "RUNID", "VERSION"])
_VALUES = st.text(max_size=40) | st.sampled_from(
    ["votable", "csv", "-1", "0", "1e9", "", "\0", "'", "text/html", DATASETS[0][0], "ivo://a/b?c"]
)


@given(st.lists(st.tuples(_NAMES, _VALUES), max_size=5), st.booleans())
def test_any_values(links: httpx.Client, asked: list[tuple[str, str]], post: bool) -> None:
    named: dict[str, list[str]] = {}
    for name, value in asked:
        named.setdefault(name, []).append(value)
    sent = {"data": named} if post else {"params": named}
    answer = links.request("POST" if post else "GET", "/datalink/links", **sent)
    assert answer.status_code in (200, 400, 415), answer.text
    assert "our side" not in answer.text
    if "votable" in answer.headers["content-type"]:
        valid(answer.content, "VOTable.xsd")
