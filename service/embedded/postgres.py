"""PostgreSQL for one home: initdb, start, readiness, stop.

Durability settings stay at PostgreSQL's defaults (fsync, full_page_writes, synchronous_commit on),
data checksums are on. Clients log in with a password (SCRAM) over a unix socket or the loopback.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import psutil

from service.embedded.account import Account
from service.embedded.home import Home, Secrets
from service.embedded.process import MARK, Child, end_with_parent, ended, last_lines
from service.errors import StarhaulError

DATABASE = "starhaul"
OWNER = "starhaul"
READER = "starhaul_reader"
# A process may enter its working directory through this name even where the path to it is closed.
WORKING_DIRECTORY = Path("/proc/self/cwd")
_INITDB = (
    "--username=postgres",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--locale=C.UTF-8",
    "--data-checksums",
    "--auth=trust",  # for the moment: _HBA replaces it before the server first listens
)
# In MB. PostgreSQL takes them from the system only as it fills them.
_LEAST_BUFFERS, _MOST_BUFFERS = 256, 4096
_SHARE_OF_MEMORY = 8
_CGROUP_MEMORY = Path("/sys/fs/cgroup/memory.max")
_HBA = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"


@dataclass(frozen=True)
class PostgresServer:
    """What is needed to run the server of a home."""

    home: Home
    programs: Path
    account: Account | None
    socket_dir: Path
    port: int

    def database_url(self, role: str, password: str) -> str:
        """postgresql:// URL over the unix socket."""
        where = urlencode({"host": str(self.socket_dir), "port": self.port})
        return f"postgresql://{role}:{quote(password)}@/{DATABASE}?{where}"

    def streaming_url(self, role: str, password: str) -> str:
        """postgresql:// URL over TCP, for results of many rows.

        A unix socket holds 200 kB: PostgreSQL would stand still while the API converts a chunk.
        """
        return f"postgresql://{role}:{quote(password)}@127.0.0.1:{self.port}/{DATABASE}"

    def child(self) -> Child:
        """The server as a child process: ended by its parent's death, fast and in order."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": f'"{self.socket_dir}"',
            "max_connections": "200",
            "shared_buffers": f"{_shared_buffers()}MB",
            "checkpoint_completion_target": "0.9",
            "log_line_prefix": "%m [%p] ",
            "cluster_name": "starhaul",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        data = self.home.postgres_data
        return Child(
            name="postgres",
            command=[str(self.programs / "postgres"), "-D", _as_seen(data, self.account), *options],
            environment=_environment(),
            log=self.home.log / "postgres.log",
            cwd=data,
            account=self.account,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            grace=None,
        )

    def ready(self, pid: int | None) -> bool:
        """Whether the server process `pid` takes connections.

        It says so in postmaster.pid, where a killed predecessor's word may still stand.
        """
        try:
            lines = (self.home.postgres_data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _shared_buffers() -> int:
    """MB for pages of tables: a share of the memory that this machine or container has."""
    memory = psutil.virtual_memory().total
    with suppress(OSError, ValueError):  # no container, or one without a limit
        memory = min(memory, int(_CGROUP_MEMORY.read_text()))
    return min(max(memory // _SHARE_OF_MEMORY >> 20, _LEAST_BUFFERS), _MOST_BUFFERS)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "TZ") if name in os.environ}
    return kept | {"LC_ALL": "C"}


def _as_seen(directory: Path, account: Account | None) -> str:
    """The directory's name for a server that is started in it."""
    if account is None or account.may_enter(directory):
        return str(directory)
    return str(WORKING_DIRECTORY)


def create_data(server: PostgresServer, secrets: Secrets) -> None:
    """Make the data directory with the archive's database and roles, where there is none.

    It is made under another name and renamed when complete: a kill half-way leaves no half.
    """
    data = server.home.postgres_data
    if data.exists():
        return
    new = data.with_name("postgres.new")
    if new.exists():
        shutil.rmtree(new)
    new.mkdir(mode=0o700)
    if server.account is not None:
        os.chown(new, server.account.uid, server.account.gid)
    seen = _as_seen(new, server.account)
    _run(
        server,
        new,
        ["initdb", "-D", seen, *_INITDB],
    )
    (new / "pg_hba.conf").write_text(_HBA)
    # Standalone mode: the roles exist, with passwords, before anybody can connect.
    _run(server, new, ["postgres", "--single", "-D", seen, "postgres"], _roles_sql(secrets))
    new.rename(data)


def _roles_sql(secrets: Secrets) -> str:
    """One statement a line. Passwords are URL-safe base64: nothing in them needs quoting."""
    return f"""\
ALTER ROLE postgres PASSWORD '{secrets.superuser}';
CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD '{secrets.owner}';
CREATE ROLE {READER} LOGIN PASSWORD '{secrets.reader}';
GRANT {READER} TO {OWNER} WITH ADMIN OPTION;
GRANT SET ON PARAMETER temp_file_limit TO {OWNER};
CREATE DATABASE {DATABASE} OWNER {OWNER};
"""


def _run(server: PostgresServer, cwd: Path, command: list[str], text: str = "") -> None:
    account = server.account
    done = subprocess.run(
        [str(server.programs / command[0]), *command[1:]],
        cwd=cwd,
        env=_environment() | {MARK: str(server.home.root)},
        input=text,
        capture_output=True,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=lambda: end_with_parent(signal.SIGKILL),
    )
    if done.returncode != 0 or "ERROR:" in done.stderr or "FATAL:" in done.stderr:
        raise StarhaulError(
            f"PostgreSQL's {command[0]} failed in {cwd}:\n"
            + done.stdout[-500:]
            + done.stderr[-1500:]
        )


def wait_ready(
    server: PostgresServer, child: Child, say: Callable[[str], None], pause: Callable[[], None]
) -> None:
    """Wait until the server takes connections, however long the recovery after a crash takes.

    `pause` waits a moment between two looks, and may raise to give up.
    """
    said = time.monotonic()
    while not server.ready(child.pid):
        if not child.running:
            raise StarhaulError(
                f"PostgreSQL {child.ending()} while starting; the end of {child.log}:\n"
                + last_lines(child.log)
            )
        if time.monotonic() - said > 10:
            say("PostgreSQL is still starting; recovery after a crash may take minutes")
            said = time.monotonic()
        pause()


def stop_leftover(home: Home, say: Callable[[str], None]) -> None:
    """Shut down in order a server that a former run of this home left behind.

    The caller holds the home's lock. Afterwards a postmaster.pid that is still there is stale, and
    is removed: PostgreSQL would take a zombie, or another process with the same number, for its
    predecessor and refuse to start.
    """
    data = home.postgres_data
    left = [process for process in psutil.process_iter() if _works_in(process, data)]
    if left:
        say("shutting down PostgreSQL that a former run left behind")
    for process in left:
        if process.pid == _postmaster_pid(data):
            process.send_signal(signal.SIGINT)
    while not all(map(ended, left)):  # without their postmaster the others end by themselves
        time.sleep(0.02)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return Path(process.cwd()) == data.resolve()
    except psutil.Error:
        return False


def _postmaster_pid(data: Path) -> int | None:
    try:
        return int((data / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None
