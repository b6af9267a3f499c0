"""Many connections that fill parts: each takes the next range that is missing, and writes it."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from starhaul_client.answers import Head, Hole, TryAgain
from starhaul_client.errors import FetchError, PartFailed, Stopped
from starhaul_client.job import Part
from starhaul_client.journal import PAGE
from starhaul_client.part_file import PartFile
from starhaul_client.session import Session

_MIB = 1 << 20
_SMALLEST, _LARGEST = _MIB, 32 * _MIB
_JOIN_S = 3.0  # a thread that waits for a dead connection is left behind


@dataclass(frozen=True, slots=True)
class OpenPart:
    """A part that is being filled. What its readers need is in `file`."""

    part: Part
    head: Head
    file: PartFile


@dataclass(frozen=True, slots=True)
class _Range:
    part: OpenPart
    first: int
    stop: int
    tries: int = 0


class Download:
    """`connections` threads over one session. `received` hears how many bytes were written."""

    def __init__(self, session: Session, connections: int, received: Callable[[int], None]) -> None:
        self.error: FetchError | None = None
        self._session = session
        self._connections = connections
        self._received = received
        self._ranges: deque[_Range] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._parts: list[OpenPart] = []
        self._threads = [
            threading.Thread(target=self._work, name=f"connection-{n}", daemon=True)
            for n in range(1, connections + 1)
        ]
        for thread in self._threads:
            thread.start()

    def fill(self, part: OpenPart) -> None:
        """Ask for what is missing of a part, behind what is asked for already."""
        with self._changed:
            self._parts.append(part)
            self._ranges.extend(self._cut(part, part.file.missing()))
            self._changed.notify_all()
        if self._ended:
            self._end(None)

    def again(self, part: OpenPart, first: int, stop: int) -> None:
        """Ask once more for bytes that are wrong, before anything else."""
        wrong = part.file.forget(first, stop)
        with self._changed:
            self._ranges.extendleft(reversed(self._cut(part, wrong)))
            self._changed.notify_all()

    def _cut(self, part: OpenPart, spans: list[tuple[int, int]]) -> list[_Range]:
        """Ranges of a size that keeps every connection at work, cut at borders of pages."""
        share = part.part.size // (2 * self._connections)
        step = min(max(share, _SMALLEST), _LARGEST) // PAGE * PAGE
        ranges = []
        for first, stop in spans:
            while first < stop:
                end = min((first // step + 1) * step, stop)
                ranges.append(_Range(part, first, end))
                first = end
        return ranges

    def close(self) -> None:
        """End all connections, and wait for the threads; what arrived is on the disk."""
        self._end(None)
        self._session.close()
        deadline = time.monotonic() + _JOIN_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if not any(thread.is_alive() for thread in self._threads):
            for part in self._parts:
                part.file.close()

    def _end(self, error: FetchError | None) -> None:
        """Let every thread and every reader end; `error` tells them why."""
        with self._changed:
            self.error = self.error or error
            self._ended = True
            self._changed.notify_all()
        self._session.patience.stop()
        for part in self._parts:
            part.file.fail(self.error or Stopped("the download was stopped"))

    def _take(self) -> _Range | None:
        with self._changed:
            while not self._ranges and not self._ended:
                self._changed.wait()
            return None if self._ended else self._ranges.popleft()

    def _put_back(self, *ranges: _Range) -> None:
        """Leave the rest to whoever is free."""
        with self._changed:
            self._ranges.extendleft(each for each in reversed(ranges) if each.first < each.stop)
            self._changed.notify_all()

    def _work(self) -> None:
        """One connection, until the end."""
        attempt = 0
        try:
            while (wanted := self._take()) is not None:
                landing = _Landing(wanted.part.file, wanted.first)
                try:
                    self._get(wanted, landing)
                    attempt = 0
                except TryAgain as error:
                    landing.flush()
                    came = landing.position > wanted.first
                    attempt = 1 if came else attempt + 1
                    tries = 0 if came or error.tries is None else wanted.tries + 1
                    if tries == error.tries:
                        self._give_up(wanted.part, PartFailed(error.reason))
                        continue
                    self._put_back(_Range(wanted.part, landing.position, wanted.stop, tries))
                    self._session.patience.wait(attempt, error.after, error.reason)
                except Hole as hole:
                    self._leave_out(wanted, hole)
                except PartFailed as error:
                    self._give_up(wanted.part, error)
        except Stopped:
            self._end(None)
        except FetchError as error:
            self._end(error)
        except Exception as error:
            # Closing the session under a request raises anything.
            self._end(None if self._ended else FetchError(f"a connection failed: {error!r}"))

    def _get(self, wanted: _Range, landing: "_Landing") -> None:
        part = wanted.part
        with self._session.span(part.part.url, part.head, wanted.first, wanted.stop) as pieces:
            for piece in pieces:
                landing.add(piece)
                self._session.patience.progress()
                self._received(len(piece))
                if self._ended:
                    raise Stopped("the download was stopped")
        landing.flush()

    def _leave_out(self, wanted: _Range, hole: Hole) -> None:
        """Go round bytes that are gone."""
        if hole.stop <= wanted.first or hole.first >= wanted.stop:
            hole = Hole(wanted.first, wanted.stop, hole.reason, hole.repair)
        wanted.part.file.add_hole(hole)
        self._put_back(
            _Range(wanted.part, wanted.first, min(hole.first, wanted.stop)),
            _Range(wanted.part, max(hole.stop, wanted.first), wanted.stop),
        )

    def _give_up(self, part: OpenPart, error: PartFailed) -> None:
        with self._changed:
            rest = [each for each in self._ranges if each.part is not part]
            self._ranges.clear()
            self._ranges.extend(rest)
        part.file.fail(error)


class _Landing:
    """What comes over one connection, written by whole pages while it comes."""

    def __init__(self, file: PartFile, position: int) -> None:
        self.position = position
        self._file = file
        self._rest = b""

    def add(self, piece: bytes) -> None:
        """The next bytes."""
        content = self._rest + piece if self._rest else piece
        whole = (self.position + len(content)) // PAGE * PAGE - self.position
        if whole > 0:
            self._file.write(self.position, memoryview(content)[:whole])
            self.position += whole
            content = content[whole:]
        self._rest = content

    def flush(self) -> None:
        """Write what is less than a page."""
        if self._rest:
            self._file.write(self.position, memoryview(self._rest))
            self.position += len(self._rest)
            self._rest = b""
