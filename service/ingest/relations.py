"""Which files belong together: the relations of collection.toml (docs/publisher-guide.md).

A relation pairs the path of a dataset's file with the paths of others, by their names.
"""

import re
from collections import defaultdict
from collections.abc import Collection as Paths
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator, model_validator

from schema import semantics
from service.toml_errors import did_you_mean

# Files of PARTS are part of a dataset and no datasets themselves. Those of LINKED stay what they
# are; the other end of INVERSE is told too.
PARTS = tuple(term for part in semantics.PARTS for term in semantics.with_narrower(part))
INVERSE = {
    "#progenitor": "#derivation",
    "#derivation": "#progenitor",
    "#coderived": "#coderived",
    "#counterpart": "#counterpart",
}
LINKED = (*INVERSE, *semantics.with_narrower("#calibration"))

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PIECES = re.compile(r"(\{[^{}]*\}|\*)")
_HALVES = re.compile(r"(.*(?:/|\{dir\}))?(.*)", re.DOTALL)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ALWAYS = ("dir", "stem")
SUFFIX = re.compile(r"\.(?:fits|fit|fts)(?:\.(?:fz|gz|bz2))?$", re.IGNORECASE)


class Relation(BaseModel):
    """One kind of files that belong to datasets. `of` and `files` are paths from the root; one
    without "/" holds in every directory, and `files` then beside the dataset's file."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    semantics: str
    files: Annotated[str, StringConstraints(min_length=1)]
    of: Annotated[str, StringConstraints(min_length=1)] = "*"
    label: str | None = None
    description: str | None = None

    @field_validator("semantics")
    @classmethod
    def _known_term(cls, term: str) -> str:
        known = (*PARTS, *LINKED)
        if term not in known:
            raise ValueError(f"no such relation{did_you_mean(term, known)}")
        return term

    @model_validator(mode="after")
    def _known_names(self) -> "Relation":
        given = _PLACEHOLDER.findall(self.of)
        for name in (*given, *_PLACEHOLDER.findall(self.files)):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{{{name}}} is no name: use small letters, digits and _")
        if set(given) & set(_ALWAYS):
            raise ValueError("`of` cannot name its pieces {dir} or {stem}: these are always there")
        for name in set(_PLACEHOLDER.findall(self.files)) - {*given, *_ALWAYS}:
            raise ValueError(f"`files` has {{{name}}}, which `of` does not have")
        if "*" in _halves(self.files)[0]:
            raise ValueError("`files` may have * in the name of the file alone")
        return self

    @property
    def glob(self) -> str:
        """A glob that takes every file the relation may name."""
        return _PLACEHOLDER.sub("*", self.files.replace("{dir}", "**/"))

    def pieces(self, path: str) -> dict[str, str] | None:
        """What the placeholders stand for where the relation is about the dataset of this file."""
        directory, name = _split(path)
        found = _pattern(self.of).fullmatch(path if "/" in self.of else name)
        if found is None:
            return None
        return {**found.groupdict(), "dir": directory, "stem": SUFFIX.sub("", name)}

    def names(self, pieces: Mapping[str, str], folders: Mapping[str, Paths[str]]) -> Iterator[str]:
        """The paths it names, of those there are: names by directory."""
        directory, name = _halves(self.files)
        directory = _filled(directory or "{dir}", pieces)
        inside = folders.get(directory, ())
        if "*" in name:
            pattern = _pattern(name, pieces)
            yield from (directory + each for each in sorted(inside) if pattern.fullmatch(each))
        elif _filled(name, pieces) in inside:
            yield directory + _filled(name, pieces)


def _split(path: str) -> tuple[str, str]:
    """A path's directory with its final "/", and the name."""
    at = path.rfind("/") + 1
    return path[:at], path[at:]


def _halves(files: str) -> tuple[str, str]:
    """What `files` says of the directory, and of the name."""
    found = _HALVES.fullmatch(files)
    assert found is not None  # every text has this form
    return found[1] or "", found[2]


def _filled(text: str, pieces: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: pieces[found[1]], text)


def _pattern(text: str, pieces: Mapping[str, str] | None = None) -> re.Pattern[str]:
    """A regular expression: `*` within a name; placeholders filled, or else groups."""
    out = ""
    for piece in _PIECES.split(text):
        if piece == "*":
            out += "[^/]*"
        elif not piece.startswith("{"):
            out += re.escape(piece)
        elif pieces is not None:
            out += re.escape(pieces[piece[1:-1]])
        elif f"(?P<{piece[1:-1]}>" in out:
            out += f"(?P={piece[1:-1]})"
        else:
            out += f"(?P<{piece[1:-1]}>[^/]+?)"
    return re.compile(out, re.DOTALL)


@dataclass(frozen=True, slots=True)
class Link:
    """A file that belongs to the dataset of another file."""

    dataset: str
    file: str
    semantics: str
    label: str | None = None
    description: str | None = None


@dataclass(slots=True)
class Groups:
    """The files of a collection by what they are: `datasets` have one of their own, `parts` belong
    to one (by path), `links` say what else belongs to a dataset."""

    datasets: set[str]
    parts: dict[str, Link] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)


def group(relations: Sequence[Relation], taken: Paths[str], others: Paths[str]) -> Groups:
    """Group the files that the collection takes, and others that relations may name.

    A file that is part of several datasets is a part of the first and linked from the rest. What
    has parts is no part itself, so that a pattern that takes both ends of a pair does no harm.
    """
    groups = Groups(set(taken))
    found = sorted(_links(relations, taken, others), key=lambda link: (link.dataset, link.file))
    owners: set[str] = set()
    for link in found:
        if link.semantics not in PARTS or link.dataset in groups.parts or link.file in owners:
            continue
        owners.add(link.dataset)
        _attach(groups, link)
    for link in found:
        if link.semantics in PARTS or link.dataset in groups.parts:
            continue
        if link.file in groups.datasets or link.file in groups.parts:
            groups.links.append(link)
        else:
            _attach(groups, link)
    groups.links += [
        Link(link.file, link.dataset, INVERSE[link.semantics])
        for link in groups.links
        if link.semantics in INVERSE and link.file in groups.datasets
    ]
    return groups


def _attach(groups: Groups, link: Link) -> None:
    if link.file in groups.parts:
        groups.links.append(link)
    else:
        groups.parts[link.file] = link
        groups.datasets.discard(link.file)


def _links(relations: Sequence[Relation], taken: Paths[str], others: Paths[str]) -> Iterator[Link]:
    folders: dict[str, set[str]] = defaultdict(set)
    for path in (*taken, *others):
        directory, name = _split(path)
        folders[directory].add(name)
    for relation in relations:
        for path in taken:
            pieces = relation.pieces(path)
            if pieces is None:
                continue
            for file in relation.names(pieces, folders):
                if file != path:
                    yield Link(path, file, relation.semantics, relation.label, relation.description)
