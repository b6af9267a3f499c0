"""The collection.toml files of the demo archive."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DemoCollection:
    """What the publisher says about one folder of files."""

    name: str
    folder: str
    title: str
    description: str


COLLECTIONS = (
    DemoCollection(
        "sim-stars",
        "stars",
        "Simulated spectra of field stars",
        "Dwarfs of classes B to M over the whole sky at resolving power 2,500, 380 to 760 nm. "
        "Simulated: continuum, lines and noise are computed, nothing was observed.",
    ),
    DemoCollection(
        "sim-open-cluster",
        "cluster",
        "Simulated spectra of an open cluster",
        "The 40 brightest stars of the open cluster that sim-images shows, at resolving power "
        "2,500. Simulated: nothing was observed.",
    ),
    DemoCollection(
        "sim-planet-host",
        "planet-host",
        "Simulated echelle spectra of a star with a planet",
        "Twenty epochs of a star like 51 Pegasi at resolving power 60,000, 500 to 560 nm. Its "
        "planet moves the lines by 56 m/s. Simulated: nothing was observed.",
    ),
    DemoCollection(
        "sim-quasars",
        "quasars",
        "Simulated quasar spectra",
        "Quasars at redshifts 0.1 to 4.6, 380 to 920 nm, in the layout of SDSS spec-lite files. "
        "Simulated: nothing was observed.",
    ),
    DemoCollection(
        "sim-images",
        "images",
        "Simulated images of two fields in g, r and i",
        "A cluster of galaxies with quasars behind it, and an open cluster of stars, each in four "
        "overlapping tiles and three bands. Simulated: nothing was observed.",
    ),
)


def collection_text(collection: DemoCollection) -> str:
    """One collection.toml; its strings hold no character that TOML would escape."""
    return (
        f'name = "{collection.name}"\n'
        f'title = "{collection.title}"\n'
        f'description = "{collection.description}"\n'
        f'data_source = "artificial"\n'
        f'root = "."\n'
        f"\n[constants]\n"
        f'obs_collection = "{collection.name}"\n'
        f'facility_name = "Simulated"\n'
        f"calib_level = 2\n"
    )


def collection_paths(directory: Path) -> list[Path]:
    """The collection.toml files of a demo archive in `directory`."""
    return [directory / collection.folder / "collection.toml" for collection in COLLECTIONS]


def write_collections(directory: Path) -> list[Path]:
    """Write a collection.toml into each folder below `directory`."""
    paths = collection_paths(directory)
    for path, collection in zip(paths, COLLECTIONS, strict=True):
        path.write_text(collection_text(collection), encoding="utf-8")
    return paths
