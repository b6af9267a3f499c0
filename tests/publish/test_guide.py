"""docs/tables.md names every key of a metadata file and every format."""

import re
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from service.publish import metadata
from tests.conftest import ROOT

GUIDE = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")


def _keys() -> Iterator[str]:
    for model in vars(metadata).values():
        if isinstance(model, type) and issubclass(model, BaseModel):
            for name, field in model.model_fields.items():
                yield field.alias or name


@pytest.mark.parametrize("key", sorted(set(_keys())))
def test_each_key_is_described(key: str) -> None:
    table = GUIDE.split("## What the file does not say")[1].split("## Positions")[0]
    cells = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)
    assert any(f"`{key}`" in cell or f"[{key}" in cell for cell in cells) or f"`{key}`" in table
