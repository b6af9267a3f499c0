"""The progress bar of commands that take things in: how many, how fast, how long still."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    """Things a second: of the last seconds, or of the whole run."""

    def __init__(self, things: str) -> None:
        super().__init__()
        self._things = things

    def render(self, task: Task) -> Text:
        """The rate, empty before there is one."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} {self._things}/s")


def progress_bar(things: str, console: Console | None) -> Progress:
    """A bar that counts `things` ("files"), on standard error unless a console is given."""
    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(things),
        TimeRemainingColumn(),
        console=console or Console(stderr=True),
    )
