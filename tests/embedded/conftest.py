"""A running `starhaul up` to start, kill and look into."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from service.embedded.home import Home
from service.embedded.process import ended
from service.embedded.run_state import RunState, read_state
from tests.conftest import run

STARHAUL = (sys.executable, "-P", "-m", "service.cli")


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 100) -> Any:
    """The first true result of `condition`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.05)
    pytest.fail(f"waited {seconds} s for: {what}")


@dataclass
class Up:
    """One `starhaul up`; `errors` is the file its stderr goes to."""

    process: "subprocess.Popen[str]"
    home: Home
    errors: Path
    url: str = ""
    family: list[psutil.Process] = field(default_factory=list)

    def wait_ready(self) -> None:
        """Read the line on stdout; remember the children, so that none may be left."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("ready http://"), self.errors.read_text()
        self.url = line.split()[1]
        self.look()

    def look(self) -> None:
        """Remember all processes below it."""
        self.family = psutil.Process(self.process.pid).children(recursive=True)

    @property
    def state(self) -> RunState:
        state = read_state(self.home)
        assert state is not None
        return state

    def child(self, name: str) -> psutil.Process:
        """The direct child that runs a program or a command of starhaul."""
        for child in psutil.Process(self.process.pid).children():
            command = child.cmdline()
            if command and (Path(command[0]).name == name or name in command):
                return child
        pytest.fail(f"no child {name}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal it and wait for its end."""
        self.process.send_signal(number)
        return self.process.wait(60)

    def survivors(self) -> list[psutil.Process]:
        """Those of the processes last seen below it that still run."""
        return [child for child in self.family if not ended(child)]


def sql(where: Up | str, statement: str, *arguments: Any) -> Any:
    """The first value that a statement gives in the archive's database, or one of a URL."""
    url = where if isinstance(where, str) else where.state.database_url

    async def work() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()

    return run(work())


StartUp = Callable[..., Up]


@contextmanager
def _starting(directory: Path) -> Iterator[StartUp]:
    """A function that starts `starhaul up`; what it started is stopped at the end."""
    started: list[Up] = []

    def start(home: Path, *options: str, ready: bool = True, **settings: Any) -> Up:
        errors = directory / f"stderr-{len(started)}.txt"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("STARHAUL_")}
        with errors.open("w") as stderr:
            process = subprocess.Popen(
                [*STARHAUL, "up", "--home", str(home), "--port", "0", "--workers", "2", *options],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env=environment,
                start_new_session=True,
                **settings,
            )
        up = Up(process, Home(home), errors)
        started.append(up)
        if ready:
            up.wait_ready()
        return up

    yield start
    for up in started:
        if up.process.poll() is None:
            up.stop()
        if up.process.stdout is not None:
            up.process.stdout.close()


@pytest.fixture
def start_up(tmp_path: Path) -> Iterator[StartUp]:
    """A function that starts `starhaul up` on a home and waits for its ready line."""
    with _starting(tmp_path) as start:
        yield start


@dataclass
class Standing:
    """An archive that many tests share: one may kill it, the next finds it running again."""

    home: Path
    start: StartUp
    last: Up | None = None

    def running(self) -> Up:
        """The running archive; started, on the same home, where it was stopped or killed."""
        if self.last is None or self.last.process.poll() is not None:
            self.last = self.start(self.home)
        return self.last


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """The archive of a module."""
    directory = tmp_path_factory.mktemp("standing")
    with _starting(directory) as start:
        yield Standing(directory / "home", start)
