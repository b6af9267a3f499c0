"""The extensions of plain ADQL: the page, the declaration and the language agree."""

import re

import pytest

import adql
from adql.syntax.extensions import EXTENSIONS
from tests.adql.conftest import CATALOGUE
from tests.conftest import ROOT


def _rows() -> list[tuple[str, str]]:
    """Extension and example of each row of the page's table."""
    page = (ROOT / "docs" / "adql.md").read_text(encoding="utf-8")
    section = page.split("## Extensions\n")[1].split("\n## ")[0]
    return re.findall(r"^\| (.+) \| `(.+)` \|$", section, re.M)


def test_the_page_lists_what_is_declared() -> None:
    assert len(_rows()) == len(EXTENSIONS)
    for (shown, _), (form, _) in zip(_rows(), EXTENSIONS, strict=True):
        assert form in shown


@pytest.mark.parametrize(("extension", "example"), _rows(), ids=[row[0] for row in _rows()])
def test_the_example_is_plain_adql_alone(extension: str, example: str) -> None:
    assert adql.translate(example, CATALOGUE, "ADQL").columns
    for standard in ("2.1", "2.0"):
        with pytest.raises(adql.ADQLError):
            adql.translate(example, CATALOGUE, standard)
