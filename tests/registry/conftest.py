"""The API process that the tests of the registry talk to, with a publisher's facts."""

from pathlib import Path

import pytest

from tests.serving import service, stars

__all__ = ["service", "stars"]

FACTS = """
title = "Archive of ½ & <tests>"
short_name = "TESTS"
description = "Stars that were made."
publisher = "Observatory of Tests"
creators = ["First, A.", "Second, B."]
subjects = ["surveys", "stars"]
waveband = ["Optical", "X-ray"]
licence = "CC BY 4.0"
licence_url = "https://spdx.org/licenses/CC-BY-4.0.html"
source = "2020A&A...000A...0X"
facilities = ["Telescope"]
instruments = ["Camera"]
[contact]
name = "Team"
email = "team@example.org"
telephone = "1"
"""


@pytest.fixture(scope="module")
def publisher_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A publisher.toml."""
    path = tmp_path_factory.mktemp("publisher") / "publisher.toml"
    path.write_text(FACTS, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def service_environment(publisher_file: Path) -> dict[str, str]:
    """Where the facts are."""
    return {"STARHAUL_PUBLISHER_TOML": str(publisher_file)}
