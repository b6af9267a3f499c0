"""Which archive runs on a home: a lock for exclusion, run.json for those who want to join it."""

import fcntl
import json
from dataclasses import asdict, dataclass
from typing import IO

from service.embedded.home import Home, HomeInUse, write_private


@dataclass(frozen=True)
class RunState:
    """What other commands need to know of a running archive; URLs contain passwords."""

    pid: int
    url: str | None
    database_url: str
    read_database_url: str | None
    redis_url: str | None
    socket_dir: str | None


def take_lock(home: Home) -> IO[str]:
    """Hold the home until the returned file is closed; HomeInUse where somebody else holds it."""
    lock = home.lock_file.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        state = read_state(home)
        where = f" at {state.url}" if state and state.url else ""
        who = f" (process {state.pid})" if state else ""
        raise HomeInUse(
            f"the home {home.root} is already in use by a running archive{where}{who}; stop that "
            "one with Ctrl-C, or choose another home with --home"
        ) from None
    return lock


def read_state(home: Home) -> RunState | None:
    """What the running archive, or one that was killed, wrote last."""
    try:
        return RunState(**json.loads(home.run_file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write_state(home: Home, state: RunState) -> None:
    """Publish where the archive runs."""
    write_private(home.run_file, json.dumps(asdict(state)) + "\n")
