"""Child processes that never outlive the archive.

A child asks the kernel for a signal at its parent's death (Linux), so `kill -9` of the parent ends
it; what survives none the less (a pool process of the worker, any child on another system) is
found at the next start by a mark in its environment.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from service.embedded.account import Account

MARK = "STARHAUL_CHILD_OF"
_PR_SET_PDEATHSIG = 1
_LEFTOVER_GRACE = 5.0  # seconds
_LOG_LIMIT = 10 * 2**20

if sys.platform == "linux":
    _libc = ctypes.CDLL(None, use_errno=True)

    def end_with_parent(death_signal: int) -> None:
        """Have this process signalled when the thread that started it ends."""
        _libc.prctl(_PR_SET_PDEATHSIG, death_signal)
else:

    def end_with_parent(death_signal: int) -> None:
        """Only Linux offers it; elsewhere the next start ends what is left."""


@dataclass
class Child:
    """One supervised process.

    `stop_signal` asks it to end in order, `death_signal` is what the kernel sends it when the
    parent is gone; `grace` is the time in seconds after which it is killed (None: never). `log`
    takes its output (None: our own stderr). Its standard input is `input_text`, or one line that
    `release` sends.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None
    cwd: Path
    account: Account | None = None
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGKILL
    grace: float | None = 8.0
    input_text: str = ""
    waits_for_go: bool = False
    pass_fds: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started: float = field(default=0.0, init=False)
    exit_seen: bool = field(default=False, init=False)

    def start(self) -> None:
        """Start it in a session of its own: the terminal's Ctrl-C reaches the supervisor alone."""
        parent = os.getpid()

        def before_exec() -> None:
            end_with_parent(self.death_signal)
            if os.getppid() != parent:  # the parent died before the line above
                os._exit(1)

        account = self.account
        with open_log(self.log) if self.log else nullcontext(sys.stderr) as log:
            self.process = subprocess.Popen(
                list(self.command),
                env=dict(self.environment),
                cwd=self.cwd,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=self.pass_fds,
                preexec_fn=before_exec,  # safe: the supervisor has one thread
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        self.started = time.monotonic()
        self.exit_seen = False
        if not self.waits_for_go:
            self._feed(self.input_text)

    def release(self) -> None:
        """Let a child go on that was started early and waits for its first line of input."""
        if self.waits_for_go:
            self._feed("go\n")

    def _feed(self, text: str) -> None:
        stdin = self.process.stdin if self.process else None
        if stdin is None or stdin.closed:
            return
        with suppress(BrokenPipeError):  # it has ended: the supervisor will see that
            stdin.write(text.encode())
            stdin.close()

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self.process.poll() if self.process else None

    def ending(self) -> str:
        """How it ended, in words."""
        code = self.status
        if code is None:
            return "is running"
        if code < 0:
            return f"was ended by signal {signal.Signals(-code).name}"
        return f"ended with status {code}"

    def ask_to_stop(self) -> None:
        if self.process is not None and self.running:
            self.process.send_signal(self.stop_signal)

    def wait_stopped(self) -> None:
        """Wait until it is gone, with everything in its session; kill it after its grace."""
        if self.process is None:
            return
        try:
            self.process.wait(self.grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return  # nothing was left of its session


def open_log(path: Path) -> IO[bytes]:
    """The log, to append to; one that has grown large is set aside as `.1`."""
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.replace(path.with_name(path.name + ".1"))
    return path.open("ab")


def last_lines(path: Path | None, count: int = 5) -> str:
    """The end of a log, indented, for a message."""
    if path is None or not path.exists():
        return ""
    lines = path.read_text(errors="replace").splitlines()[-count:]
    return "\n".join(f"  {line}" for line in lines)


def stop_leftovers(home: Path, say: Callable[[str], None]) -> None:
    """End what a former run of this home left behind, PostgreSQL apart (see postgres.py)."""
    left = [process for process in psutil.process_iter() if _marked(process, str(home))]
    if not left:
        return
    say(f"ending {len(left)} processes that a former run left behind")
    for process in left:
        _signal(process, signal.SIGTERM)
    end = time.monotonic() + _LEFTOVER_GRACE
    while time.monotonic() < end and not all(map(ended, left)):
        time.sleep(0.02)
    for process in left:
        _signal(process, signal.SIGKILL)
    while not all(map(ended, left)):
        time.sleep(0.02)


def ended(process: psutil.Process) -> bool:
    """Whether it has ended. A zombie has: in a container nobody may ever collect it."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _marked(process: psutil.Process, home: str) -> bool:
    try:
        if process.pid == os.getpid() or ended(process):
            return False
        return process.environ().get(MARK) == home
    except psutil.Error:
        return False


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:
        return  # it ended by itself
