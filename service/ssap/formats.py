"""FORMAT: in which form the spectra themselves are wanted (SSAP 1.1 §4.1.1.5)."""

from dataclasses import dataclass

from service.errors import UsageError
from service.previews.drawable import MEDIA_TYPES
from service.spectra.forms import FORMS

VOTABLE, FITS = FORMS["vot"].media_type, FORMS["fits"].media_type
PICTURE = MEDIA_TYPES["spectrum"]
# What each short name stands for; the archive has no XML serialization. Its plots are no data: they
# are listed where they are asked for by this name or their media type (docs/decisions/0023).
SHORT: dict[str, tuple[str, ...]] = {
    "compliant": (VOTABLE, FITS),
    "votable": (VOTABLE,),
    "fits": (FITS,),
    "xml": (),
    "graphic": (PICTURE,),
}
WORDS = ("all", "native", *SHORT, "metadata")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of each spectrum to list: its own file, what is made of it by media type, and any
    by media type (`types`, in lower case)."""

    native: bool = True
    made: frozenset[str] = frozenset((VOTABLE, FITS))
    types: frozenset[str] = frozenset()
    metadata: bool = False


def wanted(text: str | None) -> Wanted:
    """What FORMAT asks for, everything where it is absent; UsageError where it is wrong."""
    if text is None:
        return Wanted()
    words = ["".join(word.lower().split()) for word in text.split(",")]
    words = [word for word in words if word]
    if "metadata" in words:
        return Wanted(metadata=True)
    if "all" in words or not words:
        return Wanted()
    types = [word for word in words if word not in WORDS]
    for word in types:
        kind, slash, subtype = word.partition(";")[0].partition("/")
        if not (kind and slash and subtype):
            raise UsageError(
                f"FORMAT: {word[:60]!r} is not known; use media types such as {VOTABLE}, or "
                f"{', '.join(WORDS)}"
            )
    return Wanted(
        native="native" in words,
        made=frozenset(kind for word in words for kind in SHORT.get(word, ())),
        types=frozenset(types),
    )
