"""What a person sees while it goes on: bytes, rate, time left."""

import threading
import time
from collections import deque
from datetime import timedelta
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

_WINDOW_S = 15.0


class Display:
    """A bar of bytes on `console`, nothing where that is None; any thread may tell it.

    `received` counts the bytes that came in this run. The rate is theirs alone: what was on the
    disk before makes the bar longer, and the rate no higher.
    """

    def __init__(self, console: Console | None) -> None:
        self.received = 0
        self._files = 0
        self._done = 0
        self._total = 0
        self._lock = threading.Lock()
        self._samples: deque[tuple[float, int]] = deque()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TextColumn("{task.fields[pace]}"),
            TextColumn("{task.fields[files]:,} files verified"),
            console=console or Console(quiet=True),
            disable=console is None,
        )
        self._task = self._bar.add_task("starting", total=None, files=0, pace="")

    def __enter__(self) -> "Display":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def say(self, line: str) -> None:
        """A line above the bar."""
        self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def phase(self, phase: str) -> None:
        """What is going on."""
        self._bar.update(self._task, description=phase)

    def begin(self, total: int) -> None:
        """So many bytes are wanted in all."""
        self._total = total
        self._bar.update(self._task, description="downloading", total=total)

    def present(self, count: int) -> None:
        """So many of them were there before."""
        with self._lock:
            self._done += count
        self._bar.update(self._task, completed=self._done)

    def arrived(self, count: int) -> None:
        """So many came."""
        now = time.monotonic()
        with self._lock:
            self.received += count
            self._done += count
            if self._samples and now - self._samples[-1][0] < 0.2:
                return
            self._samples.append((now, self.received))
            while now - self._samples[0][0] > _WINDOW_S:
                self._samples.popleft()
            pace = self._pace()
        self._bar.update(self._task, completed=self._done, pace=pace)

    def verified(self) -> None:
        """One more file is verified."""
        self._files += 1
        self._bar.update(self._task, files=self._files, completed=self._done)

    def _pace(self) -> str:
        """Rate of the last seconds, and the time that is left at this rate."""
        (begin, before), (end, after) = self._samples[0], self._samples[-1]
        if after <= before:
            return ""
        rate = (after - before) / (end - begin)
        left = timedelta(seconds=round(max(self._total - self._done, 0) / rate))
        return f"{rate / 1e6:,.1f} MB/s, {left} left"
