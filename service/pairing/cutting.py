"""All cuts of one file, which is opened once, into a pack. Blocks: for a thread of a task."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

import structlog

from service.cutouts.errors import NoOverlap
from service.cutouts.wanted import Circle, Interval, PixelBox, Wanted
from service.cuttable.cutting import NATIVE, Cutter, opened
from service.cuttable.holdings import Cuttable
from service.errors import StarhaulError, Unavailable
from service.pairing.packs import Packed, PackWriter

Status: TypeAlias = Literal["ok", "partial", "no_overlap", "error"]

_UNEXPECTED = (
    "something went wrong on our side; tell the archive's operator the job's id and the row"
)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Cut:
    """What a row wants of a file: so many pixels around a position, or, where the image's scale is
    not known, a circle; all in degrees. `band` (metres) is for cubes."""

    row: int
    ra: float | None
    dec: float | None
    pixels: int | None
    degrees: float | None
    band: Interval | None

    @property
    def wanted(self) -> Wanted:
        """The same as the cutting room has it."""
        if self.ra is None or self.dec is None:
            raise NoOverlap("the archive does not know where the dataset is; give ra and dec too")
        if self.pixels is not None:
            region: PixelBox | Circle = PixelBox(self.ra, self.dec, self.pixels, self.pixels)
        else:
            region = Circle(self.ra, self.dec, (self.degrees or 0) / 2)
        return Wanted(region, self.band)


class Outcome(NamedTuple):
    """What became of a row and a file."""

    row: int
    holding_id: int
    status: Status
    error: str | None
    packed: Packed | None


@dataclass
class Done:
    """What a task has done so far; `octets` were read of the files that it `opened`."""

    outcomes: list[Outcome] = field(default_factory=list)
    opened: int = 0
    octets: int = 0


def cut_file(
    file: Cuttable | StarhaulError, number: int, cuts: Sequence[Cut], pack: PackWriter, done: Done
) -> None:
    """Add the products of a file, which is the holding of that number, and what became of each.

    Unavailable where its store is away; any other trouble is an outcome.
    """
    try:
        if isinstance(file, StarhaulError):
            raise file
        with opened(file) as cutter:
            done.opened += 1
            for cut in cuts:
                done.outcomes.append(_cut(cutter, number, cut, pack, done))
    except Unavailable:
        raise
    except StarhaulError as error:
        left = cuts[sum(each.holding_id == number for each in done.outcomes) :]
        done.outcomes += [Outcome(cut.row, number, "error", error.message, None) for cut in left]


def _cut(cutter: Cutter, number: int, cut: Cut, pack: PackWriter, done: Done) -> Outcome:
    try:
        product = cutter(cut.wanted, NATIVE)
        packed = pack.add(product.pieces)
        done.octets += product.bytes_read
        return Outcome(cut.row, number, "partial" if product.partial else "ok", None, packed)
    except Unavailable:
        raise
    except NoOverlap as error:
        return Outcome(cut.row, number, "no_overlap", error.message, None)
    except StarhaulError as error:
        return Outcome(cut.row, number, "error", error.message, None)
    except Exception as error:
        _log.error("a cutout failed", holding=number, row=cut.row, exc_info=error)
        return Outcome(cut.row, number, "error", _UNEXPECTED, None)
