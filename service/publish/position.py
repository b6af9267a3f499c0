"""Which columns of a published table are its position on the sky, by its publisher or by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.publish.columns import PublishedColumn
from service.publish.metadata import Metadata
from service.tables.position import HIDDEN, is_equatorial, position_pair, unusable


@dataclass(frozen=True, slots=True)
class Position:
    """Two columns in degrees and the physical names of the five hidden ones."""

    ra: PublishedColumn
    dec: PublishedColumn
    hidden: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A position, or the reason why there is none, for the report."""

    position: Position | None
    note: str | None = None


def find_position(
    columns: Sequence[PublishedColumn], metadata: Metadata, frame: str | None
) -> Found:
    """The position that the publisher states, or that UCDs, or names, tell.

    In this order: `[position]`; the pair with meta.main in its UCDs; the first pair with the UCDs
    of right ascension and declination; the columns ra and dec. The columns must be in degrees.
    Raises TableError where a stated position cannot be one.
    """
    if not metadata.words.sky_index:
        return Found(None)
    pair = _stated(columns, metadata)
    if pair is None:
        told = position_pair([column.meta for column in columns])
        if told is None:
            return Found(None)
        pair = columns[told[0]], columns[told[1]]
        if not is_equatorial(frame):
            return Found(
                None,
                f"positions are in the frame {frame}, not ICRS: no sky index. If the columns are "
                "ICRS all the same, name them under [position] in the metadata file",
            )
    wrong = next((column for column in pair if unusable(column.meta)), None)
    if wrong is None:
        return Found(Position(*pair, _hidden_names(columns)))
    what = unusable(wrong.meta)
    if metadata.words.position is not None:
        raise metadata.error(f"{wrong.key!r} can be no part of a position: {what}", "position")
    return Found(
        None,
        f"no sky index: {wrong.meta.name} {what}; in the metadata file, "
        f'[columns."{wrong.key}"] convert = "deg" makes degrees of another unit',
    )


def _stated(
    columns: Sequence[PublishedColumn], metadata: Metadata
) -> tuple[PublishedColumn, PublishedColumn] | None:
    words = metadata.words.position
    if words is None:
        return None
    by_key = {column.key: column for column in columns}
    for role, key in (("ra", words.ra), ("dec", words.dec)):
        metadata.known_column(key, list(by_key), "position", role)
    return by_key[words.ra], by_key[words.dec]


def _hidden_names(columns: Sequence[PublishedColumn]) -> tuple[str, ...]:
    """Names that no column of the table has."""
    taken = {column.physical for column in columns}
    names: tuple[str, ...] = HIDDEN
    while taken.intersection(names):
        names = tuple(f"_{name}" for name in names)
    return names
