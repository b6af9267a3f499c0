"""The programs that astronomers use, as fixtures."""

import subprocess
from collections.abc import Callable, Iterator
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


@pytest.fixture(scope="session")
def display(require_tool: Callable[[str], str]) -> Iterator[str]:
    """A screen in memory."""
    command = [require_tool("Xvfb"), "-displayfd", "1", "-screen", "0", "1400x1000x24"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as screen:
        assert screen.stdout is not None
        yield f":{screen.stdout.readline().strip()}"
        screen.terminate()
