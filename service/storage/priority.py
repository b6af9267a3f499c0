"""Processes that help the API and must not keep it waiting."""

import os
import sys
from contextlib import suppress

_NICENESS = 3


def give_way() -> None:
    """Let whoever answers a query go first, where all want the CPU."""
    os.nice(_NICENESS)
    if sys.platform == "linux":
        with suppress(OSError):  # a container may forbid it
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
