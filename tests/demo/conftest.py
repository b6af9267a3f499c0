"""The demo archive, generated once for all tests of this folder."""

from pathlib import Path

import pytest

from service.demo.generate import generate


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a generated archive."""
    directory = tmp_path_factory.mktemp("demo")
    generate(directory)
    return directory
