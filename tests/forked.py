"""Processes of the archive (`starhaul serve`, `starhaul worker`) that start in 0.1 s of CPU.

Importing what they need takes 2 s of CPU each time, and the tests start and kill them more than a
hundred times. Here one process imports it, once a session, and each `starhaul` is forked from it:
the same command with arguments, environment and output of its own. tests/embedded, tests/docker
and the session's `stack` start theirs from nothing.
"""

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

LISTENER = "@listener"  # an argument that becomes the number of the listener passed on
_LONGEST = 1 << 20


class Forked:
    """A running command; like subprocess.Popen."""

    def __init__(self, pid: int, status: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._status = status  # the pipe that tells how it ended

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self.returncode = int(os.read(self._status, 20) or b"-9")
            os.close(self._status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; subprocess.TimeoutExpired."""
        if self.returncode is None and not select.select([self._status], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("starhaul", timeout or 0)
        status = self.poll()
        assert status is not None
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    listener: socket.socket | None = None,
) -> Forked:
    """Start `starhaul COMMAND ...` in a session of its own; `log` gets its output at the end."""
    asked, status = os.pipe()
    written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    passed = [written, status, *([listener.fileno()] if listener else [])]
    request = json.dumps({"command": list(command), "environment": dict(environment)}).encode()
    parent = _parent()
    socket.send_fds(parent, [request], passed)
    os.close(written)
    os.close(status)
    return Forked(int(parent.recv(20)), asked)


@functools.cache
def _parent() -> socket.socket:
    """The connection to the process that forks; it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LONGEST)
    command = [sys.executable, "-P", __file__, str(theirs.fileno())]
    process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
    theirs.close()

    @atexit.register
    def end() -> None:
        ours.close()
        process.wait()

    return ours


def _import_all() -> None:
    import gc

    gc.disable()

    import astropy.coordinates  # noqa: F401
    import cdshealpix  # noqa: F401
    import uvicorn  # noqa: F401

    import service.app
    import service.worker  # noqa: F401
    from adql.syntax import parsing

    parsing.grammar("2.1")  # not adql.warm(): no library may have made a thread before the fork
    gc.freeze()


def _fork_as_asked(requests: socket.socket) -> list[str]:
    """Fork for each request until there are none; returns in the forked process, its command."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([requests, woken], [], [])
        if woken in ready:
            os.read(woken, 1000)
            _tell_ends(running)
        if requests not in ready:
            continue
        message, passed, _, _ = socket.recv_fds(requests, _LONGEST, 3)
        if not message:
            os._exit(0)
        if pid := os.fork():
            running[pid] = passed[1]
            for number in (passed[0], *passed[2:]):
                os.close(number)
            requests.send(str(pid).encode())
            continue
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in (woken, wake, requests.detach(), passed[1], *running.values()):
            os.close(number)
        return _become(json.loads(message), *passed[:1], *passed[2:])


def _tell_ends(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        os.write(running[pid], str(os.waitstatus_to_exitcode(status)).encode())
        os.close(running.pop(pid))


def _become(request: dict[str, object], log: int, listener: int = -1) -> list[str]:
    os.setsid()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    command, environment = request["command"], request["environment"]
    assert isinstance(command, list)
    assert isinstance(environment, dict)
    os.environ.clear()
    os.environ.update(environment)
    return [str(listener) if argument == LISTENER else argument for argument in command]


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the tests
    _import_all()
    sys.argv = ["starhaul", *_fork_as_asked(socket.socket(fileno=int(sys.argv[1])))]
    signal.signal(signal.SIGINT, signal.default_int_handler)

    from service.cli.main import main

    main()
