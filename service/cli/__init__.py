"""The command line: `starhaul COMMAND`. Each command is thin; the work is done in the rooms."""

from service.cli.main import main

__all__ = ["main"]
