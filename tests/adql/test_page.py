"""What docs/adql.md lists is what the package declares and does."""

import re

import pytest

import adql
from adql.postgres.queries import MAX_COLUMNS
from adql.syntax.checks import MAX_DEPTH, MAX_TERMS
from adql.syntax.checks.queries import MAX_JOINS, MAX_SET_OPERANDS, MAX_WITH_TABLES
from adql.syntax.extensions import EXTENSIONS
from adql.syntax.parsing import MAX_LENGTH
from tests.adql.conftest import CATALOGUE
from tests.conftest import ROOT

# In the order of the page.
LIMITS = [
    MAX_LENGTH,
    MAX_DEPTH,
    MAX_TERMS,
    MAX_JOINS,
    MAX_SET_OPERANDS,
    MAX_WITH_TABLES,
    MAX_COLUMNS,
]


def _section(heading: str) -> str:
    page = (ROOT / "docs" / "adql.md").read_text(encoding="utf-8")
    return page.split(f"## {heading}\n")[1].split("\n## ")[0]


def _extensions() -> list[tuple[str, str]]:
    """Extension and example of each row."""
    return re.findall(r"^\| (.+) \| `(.+)` \|$", _section("Extensions"), re.M)


def test_the_extensions_are_those_declared() -> None:
    assert len(_extensions()) == len(EXTENSIONS)
    for (shown, _), (form, _) in zip(_extensions(), EXTENSIONS, strict=True):
        assert form in shown


@pytest.mark.parametrize(
    ("extension", "example"), _extensions(), ids=[row[0] for row in _extensions()]
)
def test_an_extension_is_plain_adql_alone(extension: str, example: str) -> None:
    assert adql.translate(example, CATALOGUE, "ADQL").columns
    for standard in ("2.1", "2.0"):
        with pytest.raises(adql.ADQLError):
            adql.translate(example, CATALOGUE, standard)


def test_the_limits_are_those_held() -> None:
    listed = re.findall(r"^\| .+ \| ([0-9,]+) \|$", _section("Limits"), re.M)
    assert [int(number.replace(",", "")) for number in listed] == LIMITS
