"""Redis for one home: a broker of wake-up calls that keeps nothing on disk."""

import socket
from dataclasses import dataclass
from pathlib import Path

from service.embedded.account import Account
from service.embedded.home import Home
from service.embedded.process import MARK, Child


@dataclass(frozen=True)
class RedisServer:
    """What is needed to run Redis: on the loopback, behind a password."""

    home: Home
    program: Path
    account: Account | None
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def child(self) -> Child:
        """The server as a child; its settings go through stdin, out of sight of `ps`."""
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self.password,
            "save": '""',
            "appendonly": "no",
            "set-proc-title": "no",
        }
        return Child(
            name="redis",
            command=[str(self.program), "-"],
            environment={MARK: str(self.home.root)},
            log=self.home.log / "redis.log",
            cwd=Path("/"),
            account=self.account,
            grace=5.0,
            input_text="".join(f"{name} {value}\n" for name, value in settings.items()),
        )

    def ready(self) -> bool:
        """Whether it takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
