"""The database of a home for a command that is not `up`: joined where it runs, else started."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.config import Settings
from service.embedded import servers as embedded_servers
from service.embedded.home import HomeInUse, open_home
from service.embedded.migration import migrate
from service.embedded.run_state import read_state, take_lock
from service.embedded.servers import Say


@contextmanager
def joined(settings: Settings, say: Say) -> Iterator[Settings]:
    """The settings with the URLs of a migrated database filled in.

    A database named by the settings is used as it is. Otherwise that of the home: the running
    archive's, or PostgreSQL started for the duration, without Redis.
    """
    if settings.database_url is not None:
        yield settings
        return
    home = open_home(settings.home)
    try:
        lock = take_lock(home)
    except HomeInUse:
        state = read_state(home)
        if state is None:  # it is just starting
            raise
        yield settings.model_copy(
            update={
                "database_url": state.database_url,
                "read_database_url": state.read_database_url,
                "redis_url": state.redis_url,
            }
        )
        return
    with lock, embedded_servers.running_servers(settings, home, say, with_redis=False) as servers:
        embedded_servers.wait_ready(servers, say)
        migrate(servers.database_url)
        yield settings.model_copy(
            update={
                "database_url": servers.database_url,
                "read_database_url": servers.read_database_url,
            }
        )
