"""Whatever a parameter holds, the answer is a valid VOTable and no error of ours."""

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.ssap.inputs import INPUTS
from tests.conftest import CI, Stack
from tests.xsd import valid

_NUMBERS = st.floats().map(repr) | st.integers().map(str) | st.sampled_from(
    ["1e999", "-0", "+5", "1.", ".5", "", "NaN", "inf", "1_0", "٣", "1e-400", "9" * 400]
)  # fmt: skip
_DATES = (
    st.datetimes().map(lambda moment: moment.isoformat())
    | st.dates().map(str)
    | st.sampled_from(["2018", "2018-02", "0000", "9999-12-31", "2018-02-30", "2018-01-01T24:00"])
)
_WORDS = st.sampled_from(
    [
        *(option for each in INPUTS for option in each.options),
        *("source", "observer", "GALACTIC", "FK4", "MARS", "text/csv", "application/fits;x=1"),
        *("'", '"', "\\", "%", "{", "}", "$1", "\0", "\ud7ff", "--", "é", "ivo://x", "]]>"),
    ]
)
_ATOMS = _NUMBERS | _DATES | _WORDS | st.text(st.characters(codec="utf-8"), max_size=8)
_VALUES = st.lists(st.tuples(_ATOMS, st.sampled_from(["", ",", "/", ";", " "])), max_size=5).map(
    lambda pieces: "".join(part for piece in pieces for part in piece)
)
_NAMES = st.sampled_from([each.name for each in INPUTS]) | st.text("ABCdef", max_size=5)


@pytest.fixture(scope="module")
def client(stack: Stack) -> httpx.Client:
    return httpx.Client(base_url=stack.url, timeout=120)


@settings(max_examples=400 if CI else 60)
@given(st.dictionaries(_NAMES, _VALUES, max_size=4), st.sampled_from(["/ssap", "/ssap/sim-stars"]))
def test_any_values(client: httpx.Client, parameters: dict[str, str], path: str) -> None:
    asked = {"REQUEST": "queryData", "MAXREC": "3"} | parameters
    answer = client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/xml;content=x-votable"
    root = valid(answer.content, "VOTable.xsd")
    statuses = root.findall(".//{*}INFO[@name='QUERY_STATUS']")
    assert {info.get("value") for info in statuses} <= {"OK", "OVERFLOW", "ERROR"}
    assert all("our side" not in (info.text or "") for info in statuses)


@pytest.mark.parametrize("name", [each.name for each in INPUTS])
def test_each_parameter_with_values_that_nobody_means(client: httpx.Client, name: str) -> None:
    for value in ("'; DROP TABLE archive.dataset; --", "\\", "$1", "%", "\0", "a" * 5_000, "/,;"):
        asked = {"REQUEST": "queryData", "TOP": "1"} | {name: value}
        answer = client.get("/ssap", params=asked)
        assert answer.status_code == 200
        assert b"our side" not in answer.content
        valid(answer.content, "VOTable.xsd")
