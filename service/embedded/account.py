"""The user that PostgreSQL and Redis run as.

PostgreSQL refuses to run as root. Started by root, both servers run as `starhaul` where that user
exists, else as `nobody`; started by anyone else, they run as that user.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from service.errors import StarhaulError

UNPRIVILEGED = ("starhaul", "nobody")


@dataclass(frozen=True)
class Account:
    """A user to switch to before a server is executed."""

    name: str
    uid: int
    gid: int

    def may_enter(self, directory: Path) -> bool:
        """Whether this user may search the directory and all above it (the kernel is asked)."""
        probe = subprocess.run(
            ["test", "-x", str(directory)],
            cwd="/",
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            check=False,
        )
        return probe.returncode == 0


def server_account() -> Account | None:
    """The user to switch to; None where the current one will do."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StarhaulError(
        "PostgreSQL cannot run as root, and neither the user starhaul nor nobody exists; "
        "make one: useradd --system starhaul"
    )
