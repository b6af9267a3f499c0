"""Memory that was freed is there for the next result, without page faults."""

import subprocess
import sys

_PAGES = 256  # of 4 kB in a block of 1 MiB
_BLOCKS = 100
_PROGRAM = f"""
import resource
from threading import Thread
from service.allocation import keep_freed_memory

def take_and_free():
    for _ in range({_BLOCKS}):
        block = bytearray(1 << 20)
        block[::4096] = bytes({_PAGES})

def faults():
    thread = Thread(target=take_and_free)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    thread.start()
    thread.join()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

keep_freed_memory()
print(faults(), faults())
"""


def test_freed_memory_is_kept_for_other_threads_too() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True
    )
    first, second = map(int, done.stdout.split())
    assert first < 4 * _PAGES
    assert second < _PAGES
