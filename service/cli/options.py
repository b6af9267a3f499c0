"""What several commands share: settings with an option on top, and lines for people."""

import sys
from pathlib import Path

from service.config import Settings


def settings_for(home: Path | None) -> Settings:
    """The settings of the environment; --home takes precedence."""
    return Settings() if home is None else Settings(home_dir=home)


def say(line: str) -> None:
    """A line for people: stderr, for stdout belongs to results."""
    print(f"starhaul: {line}", file=sys.stderr, flush=True)
