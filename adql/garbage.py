"""Python's garbage collector kept still while a long text is worked on.

A tree of a million nodes sets off full collections.  Each goes through every object of the
process, and no other thread runs meanwhile: an event loop stood still for 0.4 s.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

LONG = 16_000
"""Characters from which a text is long."""

_lock = Lock()
_waiting = 0
_was_enabled = False


@contextmanager
def left_alone(text: str) -> Iterator[None]:
    """No collection within the block if the text is long; blocks may nest and overlap in threads.

    A tree has no cycles: it goes with its last reference, and nothing is left to collect.
    """
    global _waiting, _was_enabled
    if len(text) < LONG:
        yield
        return
    with _lock:
        if _waiting == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _waiting += 1
    try:
        yield
    finally:
        with _lock:
            _waiting -= 1
            if _waiting == 0 and _was_enabled:
                gc.enable()
