"""What is wrong in a TOML file of a publisher's, with its line and the nearest known key."""

import difflib
import re
from collections.abc import Callable, Sequence
from typing import Any


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """The nearest known word, or all of them, as the end of a sentence."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else f"; known are {', '.join(known)}"


def line_of(text: str, location: tuple[str, ...]) -> int | None:
    """The line (from 1) of a key, given the names of its tables and its own."""
    table, key = list(location[:-1]), location[-1]
    current: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if match := re.match(r"^\[+\s*([^\[\]]+?)\s*\]", stripped):
            current = [part.strip().strip("\"'") for part in match[1].split(".")]
            if [*table, key] == current:
                return number
        elif current == table and re.match(rf"^[\"']?{re.escape(key)}[\"']?\s*[=.]", stripped):
            return number
    return None


def explain(error: Any, text: str, known_keys: Callable[[tuple[str, ...]], list[str]]) -> str:
    """One of pydantic's errors as a sentence; `known_keys` tells the keys of a place's table."""
    location = tuple(str(part) for part in error["loc"] if not isinstance(part, int))
    key = ".".join(location)
    at = line_of(text, location) if location else None
    where = f"line {at}: " if at else ""
    if error["type"] == "extra_forbidden":
        return f"{where}unknown key `{key}`{did_you_mean(location[-1], known_keys(location[:-1]))}"
    if error["type"] == "missing":
        return f"the key `{key}` is missing"
    message = str(error["msg"]).removeprefix("Value error, ")
    if message[:2].istitle():  # a word of pydantic's, not a keyword
        message = message[0].lower() + message[1:]
    return f"{where}`{key}`: {message}"
