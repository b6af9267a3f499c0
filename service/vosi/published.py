"""A service of the archive, as the registry tells the world of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublishedService:
    """`key` is its identifier below the archive's own ("tap", "cone/demo.stars"), `capabilities`
    its VOSI document, `tables` the tables of TAP_SCHEMA that it serves, all where None;
    `collection` is the one whose spectra it serves, where it serves no others."""

    key: str
    title: str
    description: str
    capabilities: bytes
    tables: tuple[str, ...] | None
    collection: str | None = None
