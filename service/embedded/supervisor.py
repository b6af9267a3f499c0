"""`starhaul up`: the servers, one worker, one API process, watched until Ctrl-C."""

import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import NoReturn

from service.config import Settings
from service.embedded import servers as embedded_servers
from service.embedded.home import Home
from service.embedded.migration import migrate
from service.embedded.process import MARK, Child, last_lines
from service.embedded.run_state import RunState, write_state
from service.embedded.servers import Servers
from service.errors import StarhaulError

# -P: a directory named service where the user happens to be is not ours.
_STARHAUL = (sys.executable, "-P", "-m", "service.cli")
_STEP = 0.05  # seconds between two looks at the children
_LONGEST_PAUSE = 5.0  # seconds between two starts of a child that keeps ending
_STEADY = 30.0  # a child that ran this long is started again at once
_TRIES_AT_START = 3


class Stopped(Exception):
    """Ctrl-C or SIGTERM arrived."""


class StopSignal:
    """Notes SIGINT and SIGTERM; `pause` raises Stopped once one has arrived.

    The handler itself raises nothing: an exception may arise inside of a fork, where it is lost.
    """

    def __init__(self) -> None:
        self._arrived = False

    def __enter__(self) -> "StopSignal":
        signals = (signal.SIGINT, signal.SIGTERM)
        self._before = {number: signal.signal(number, self._note) for number in signals}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._arrived = True

    def pause(self, seconds: float = _STEP) -> None:
        """Sleep a moment, or raise Stopped."""
        if not self._arrived:
            time.sleep(seconds)
        if self._arrived:
            raise Stopped


@dataclass
class Watch:
    """Restarts of one child: how often in a row, and when it may start again."""

    failures: int = 0
    not_before: float = 0.0


@dataclass
class Archive:
    """One archive on one machine. `say` takes lines for people (stderr).

    `first` is a command of starhaul to be run to its end before the archive counts as ready.
    """

    settings: Settings
    home: Home
    listener: socket.socket
    url: str
    worker_processes: int | None
    say: Callable[[str], None]
    first: str | None = None
    _watches: dict[str, Watch] = field(default_factory=dict)

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until a signal arrives; calls `ready` once the API answers.

        Raises StarhaulError where a part does not start.
        """
        with (
            StopSignal() as stop,
            embedded_servers.running_servers(self.settings, self.home, self.say) as servers,
        ):
            children = [self._child("api", servers), self._child("worker", servers)]
            write_state(self.home, self._state(servers))
            try:
                self._start(servers, children, stop)
                ready()
                self._watch([*servers.children, *children], stop)
            except Stopped:
                self.say("stopping")
            finally:
                for child in children:
                    child.ask_to_stop()
                for child in children:
                    child.wait_stopped()
                self.home.run_file.unlink(missing_ok=True)

    def _start(self, servers: Servers, children: list[Child], stop: StopSignal) -> None:
        # The API and the worker import their modules while PostgreSQL starts and is migrated.
        for child in children:
            child.start()
        embedded_servers.wait_ready(servers, self.say, stop.pause)
        migrate(servers.database_url)
        for child in children:
            child.release()
        if self.first is not None:
            self._run_first(self.first, servers, stop)
        self._wait_for_answer(servers, children, stop)

    def _run_first(self, command: str, servers: Servers, stop: StopSignal) -> None:
        child = Child(
            name=command,
            command=[*_STARHAUL, command],
            environment=self._environment(servers),
            log=None,
            cwd=self.home.root,
        )
        child.start()
        try:
            while child.running:
                stop.pause()
        finally:
            child.ask_to_stop()
            child.wait_stopped()
        if child.status != 0:
            raise StarhaulError(f"starhaul {command} {child.ending()}")

    def _wait_for_answer(self, servers: Servers, children: list[Child], stop: StopSignal) -> None:
        api = children[0]
        while not _answers(self.listener):
            stop.pause(0)
            self._restart_ended([*servers.children, *children])
            if self._watches.get("api", Watch()).failures >= _TRIES_AT_START:
                raise StarhaulError(
                    f"the API {api.ending()} while starting; the end of {api.log}:\n"
                    + last_lines(api.log)
                )

    def _watch(self, children: list[Child], stop: StopSignal) -> NoReturn:
        while True:
            self._restart_ended(children)
            stop.pause()

    def _restart_ended(self, children: list[Child]) -> None:
        now = time.monotonic()
        for child in children:
            if child.running:
                continue
            watch = self._watches.setdefault(child.name, Watch())
            if child.exit_seen:
                if now >= watch.not_before:
                    child.start()
                    child.release()
                continue
            child.exit_seen = True
            watch.failures = 1 if now - child.started > _STEADY else watch.failures + 1
            pause = 0.0 if watch.failures == 1 else min(0.2 * 2**watch.failures, _LONGEST_PAUSE)
            watch.not_before = now + pause
            self.say(f"{child.name} {child.ending()}; starting it again (log: {child.log})")

    def _state(self, servers: Servers) -> RunState:
        return RunState(
            pid=os.getpid(),
            url=self.url,
            database_url=servers.database_url,
            read_database_url=servers.read_database_url,
            redis_url=servers.redis_url,
            socket_dir=str(servers.socket_dir) if servers.socket_dir else None,
        )

    def _environment(self, servers: Servers) -> dict[str, str]:
        """The environment of the API and the worker: what the settings say, with what runs here."""
        environment = dict(os.environ) | {
            "STARHAUL_HOME_DIR": str(self.home.root),
            "STARHAUL_DATABASE_URL": servers.database_url,
            "STARHAUL_PUBLIC_URL": self.url,
            MARK: str(self.home.root),
        }
        if servers.read_database_url is not None:
            environment["STARHAUL_READ_DATABASE_URL"] = servers.read_database_url
        if servers.redis_url is not None:
            environment["STARHAUL_REDIS_URL"] = servers.redis_url
        return environment

    def _child(self, name: str, servers: Servers) -> Child:
        """The API or the worker, as the user who started the archive (see docs/operations.md)."""
        if name == "api":
            options = ["serve", "--fd", str(self.listener.fileno())]
        else:
            options = ["worker"]
            if self.worker_processes is not None:
                options += ["--processes", str(self.worker_processes)]
        return Child(
            name=name,
            command=[*_STARHAUL, *options, "--wait-for-go"],
            environment=self._environment(servers),
            log=self.home.log / f"{name}.log",
            cwd=self.home.root,
            pass_fds=[self.listener.fileno()] if name == "api" else [],
            waits_for_go=True,
        )


def _answers(listener: socket.socket) -> bool:
    """Whether the API answers on the listening socket; waits a moment for it."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "localhost"
    connection = http.client.HTTPConnection(host, port, timeout=1.0)
    try:
        connection.request("GET", "/tap/availability")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
