"""publisher.toml: who publishes the archive, as registries tell it (docs/publisher-guide.md)."""

import shlex
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from service.config import Settings
from service.errors import UsageError
from service.toml_errors import explain

# The words of https://www.ivoa.net/rdf/messenger that are light.
Waveband = Literal[
    "Radio", "Millimeter", "Infrared", "Optical", "UV", "EUV", "X-ray", "Gamma-ray"
]  # fmt: skip

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>]+$")]
_TEMPLATE = Path(__file__).with_name("publisher.toml")


class PublisherError(UsageError):
    """publisher.toml cannot be used as it is."""

    title = "Wrong publisher.toml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Contact(_Strict):
    """Whom to ask."""

    name: _Text
    email: Annotated[str, StringConstraints(pattern=r"^[^\s@]+@([^\s@.]+\.)+[^\s@.]+$")]
    address: _Text | None = None
    telephone: _Text | None = None


class Publisher(_Strict):
    """What VOResource 1.1 wants to know of a resource's curation and content (§3.1)."""

    title: _Text
    short_name: Annotated[_Text, StringConstraints(max_length=16)]
    description: _Text
    publisher: _Text
    creators: Annotated[list[_Text], Field(min_length=1)]
    subjects: Annotated[list[_Text], Field(min_length=1)]
    contact: Contact
    waveband: list[Waveband] = Field(default_factory=list)
    licence: _Text | None = None
    licence_url: _Url | None = None
    reference_url: _Url | None = None
    source: _Text | None = None
    facilities: list[_Text] = Field(default_factory=list)
    instruments: list[_Text] = Field(default_factory=list)


def publisher_of(settings: Settings) -> Publisher:
    """The facts of the file, or what stands for them where there is none.

    Raises PublisherError with line and remedy where the file is wrong.
    """
    path = settings.publisher_file
    if path.exists():
        return load_publisher(path)
    return Publisher(
        title=settings.title,
        short_name=settings.title[:16].strip(),
        description=f"{settings.title}, an archive of astronomical data.",
        publisher=settings.title,
        creators=[settings.title],
        subjects=["astronomical databases"],
        contact=Contact(name=settings.title, email="operator@archive.invalid"),
    )


def load_publisher(path: Path) -> Publisher:
    """The facts that a file states; PublisherError where it cannot be read or is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
        told = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise PublisherError(f"{path} cannot be read: {reason}") from None
    except tomllib.TOMLDecodeError as error:
        raise PublisherError(f"{path} is not TOML: {error}") from None
    try:
        return Publisher.model_validate(told)
    except ValidationError as error:
        problems = [explain(problem, text, _known_keys) for problem in error.errors()]
        raise PublisherError(f"{path}, " + f"\n{path}, ".join(problems)) from None


def notice(settings: Settings) -> str | None:
    """A line for the operator of an archive that does not say who publishes it, or wrongly."""
    path = settings.publisher_file
    if not path.exists():
        return f"no {path}: the registry cannot say who publishes; write one: {writing(path)}"
    try:
        load_publisher(path)
    except PublisherError as error:
        return error.message
    return None


def writing(path: Path) -> str:
    """The command that writes a file to start from."""
    return f"starhaul publisher --template > {shlex.quote(str(path))}"


def template() -> str:
    """A file to start from, with every key explained."""
    return _TEMPLATE.read_text(encoding="utf-8")


def _known_keys(tables: tuple[str, ...]) -> list[str]:
    return list((Contact if tables == ("contact",) else Publisher).model_fields)
