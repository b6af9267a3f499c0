"""The processes that convert spectra for the API."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from service.errors import StarhaulError
from service.spectra.converters import Document, open_converters
from service.spectra.document import document
from service.spectra.forms import FORMS
from service.spectra.holdings import Held
from service.spectra.making import Wanted
from service.storage.local import state_of
from service.storage.state import Damaged
from tests.conftest import run
from tests.spectra import real

NAME = "sdss/spec-0411-51817-0119.fits"
WANTED = Wanted(FORMS["fits"], None, None)


def held() -> Held:
    state = state_of((real.FOLDER / NAME).stat())
    return Held(real.origin(NAME), str(real.FOLDER), state, bytes(32), "sdss", {})


def children(pid: int) -> set[int]:
    """Processes that come from this one, by way of the server that forks them too."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:  # it has just ended
            continue
        if parent == pid:
            child = int(stat.parent.name)
            found |= {child} | children(child)
    return found


def test_documents_outlive_their_place(tmp_path: Path) -> None:
    """The same bytes as without a process, and nothing is left behind."""

    async def work() -> Document:
        async with open_converters(tmp_path) as converters:
            return await converters.document(held(), WANTED)

    made = run(work())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    content = os.pread(made.file.fileno(), made.size + 1, 0)
    assert content == document(held(), WANTED.form, None, None)


def test_what_is_wrong_with_a_file_is_told(tmp_path: Path) -> None:
    async def work() -> StarhaulError:
        known = held()
        changed = replace(known, state=known.state._replace(size=known.state.size + 1))
        async with open_converters(tmp_path) as converters:
            with pytest.raises(Damaged) as told:
                await converters.document(changed, WANTED)
        return told.value

    assert "spec-0411" in run(work()).message


def test_killed_processes_are_replaced(tmp_path: Path) -> None:
    async def work() -> None:
        before = children(os.getpid())
        async with open_converters(tmp_path) as converters:
            await converters.document(held(), WANTED)
            for pid in children(os.getpid()) - before:
                os.kill(pid, signal.SIGKILL)
            made = await converters.document(held(), WANTED)
            assert made.size > 0

    run(work())
