"""The two servers of a home, PostgreSQL and Redis, started together and stopped together."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.config import Settings
from service.embedded import postgres, run_state
from service.embedded.account import Account, server_account
from service.embedded.address import free_port
from service.embedded.broker import RedisServer
from service.embedded.home import Home, load_secrets
from service.embedded.postgres import OWNER, READER, PostgresServer
from service.embedded.process import Child, last_lines, stop_leftovers
from service.embedded.programs import find_programs
from service.errors import StarhaulError

# Not tempfile.gettempdir(): a socket's path is at most 107 bytes, whatever TMPDIR and HOME are.
_SOCKETS = "/tmp"

Say = Callable[[str], None]


@dataclass
class Servers:
    """The running servers (None: the settings name one elsewhere) and the URLs to reach them."""

    database_url: str
    read_database_url: str | None
    redis_url: str | None
    socket_dir: Path | None
    postgres: PostgresServer | None
    redis: RedisServer | None
    children: list[Child]


@contextmanager
def running_servers(
    settings: Settings, home: Home, say: Say, *, with_redis: bool = True
) -> Iterator[Servers]:
    """Start what the settings do not name; stop it in order at the end.

    The caller holds the home's lock. PostgreSQL may still be starting: see wait_ready.
    """
    stop_leftovers(home.root, say)
    postgres.stop_leftover(home, say)
    _remove_old_sockets(home)
    servers = _prepare(settings, home, with_redis)
    try:
        for child in servers.children:
            child.start()
        yield servers
    finally:
        for child in servers.children:
            child.ask_to_stop()
        for child in servers.children:
            child.wait_stopped()
        if servers.socket_dir is not None:
            shutil.rmtree(servers.socket_dir, ignore_errors=True)


def _pause() -> None:
    time.sleep(0.02)


def wait_ready(servers: Servers, say: Say, pause: Callable[[], None] = _pause) -> None:
    """Wait until both take connections; `pause` may raise to give up."""
    if servers.postgres is not None:
        postgres.wait_ready(servers.postgres, servers.children[0], say, pause)
    while servers.redis is not None and not servers.redis.ready():
        child = servers.children[-1]
        if not child.running:
            raise StarhaulError(
                f"Redis {child.ending()} while starting; the end of {child.log}:\n"
                + last_lines(child.log)
            )
        pause()


def _prepare(settings: Settings, home: Home, with_redis: bool) -> Servers:
    own_redis = with_redis and settings.redis_url is None
    account = server_account()
    secrets = load_secrets(home)
    servers = Servers(
        settings.database_url or "",
        settings.read_database_url,
        settings.redis_url,
        None,
        None,
        None,
        [],
    )
    if settings.database_url is not None and not own_redis:
        return servers
    programs = find_programs(account)
    if settings.database_url is None:
        socket_dir = _make_socket_dir(account)
        server = PostgresServer(home, programs.postgres_bin, account, socket_dir, free_port())
        postgres.create_data(server, secrets)
        servers.socket_dir, servers.postgres = socket_dir, server
        servers.database_url = server.database_url(OWNER, secrets.owner)
        servers.read_database_url = settings.read_database_url or server.streaming_url(
            READER, secrets.reader
        )
        servers.children.append(server.child())
    if own_redis:
        redis = RedisServer(home, programs.redis_server, account, free_port(), secrets.redis)
        servers.redis, servers.redis_url = redis, redis.url
        servers.children.append(redis.child())
    return servers


def _make_socket_dir(account: Account | None) -> Path:
    directory = Path(tempfile.mkdtemp(prefix="starhaul-", dir=_SOCKETS))
    if account is not None:
        os.chown(directory, account.uid, account.gid)
    return directory


def _remove_old_sockets(home: Home) -> None:
    state = run_state.read_state(home)
    if state is not None and state.socket_dir is not None:
        shutil.rmtree(state.socket_dir, ignore_errors=True)
    home.run_file.unlink(missing_ok=True)
