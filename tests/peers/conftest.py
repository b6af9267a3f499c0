"""The programs that astronomers use, as fixtures."""

import subprocess
from collections.abc import Callable
from typing import TypeAlias

import pytest

Stilts: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def stilts(require_tool: Callable[[str], str]) -> Stilts:
    """A function that runs one STILTS task."""
    program = require_tool("stilts")

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [program, "-batch", *arguments], capture_output=True, text=True, timeout=240
        )

    return run
