"""The cards of one header, changed where a cut changes them; all others as they were, bytewise."""

import re
from collections.abc import Callable, Iterator

_CARD = 80
_BLOCK = 2880
# Of all values of an array, and of all bytes: no longer true of some of them (FITS 4.0 §4.4.2.5-7).
_OF_ALL = ("DATAMIN", "DATAMAX", "CHECKSUM", "DATASUM")

Value = str | int | float | bool


class Cards:
    """The cards before END. The last of a repeated keyword is the one that is read and set."""

    def __init__(self, raw: bytes) -> None:
        text = raw.decode("latin-1")
        images = [text[start : start + _CARD] for start in range(0, len(text), _CARD)]
        end = next((i for i, image in enumerate(images) if image[:8].rstrip() == "END"), None)
        self._images = images[:end]

    def keywords(self) -> Iterator[str]:
        """The keywords of plain cards (eight characters, with a value), in their order."""
        for image in self._images:
            if image[8:10] == "= ":
                yield image[:8].rstrip()

    def set(self, keyword: str, value: Value, comment: str = "") -> None:
        """Replace a value, its comment kept; a new card comes last."""
        found = self._find(keyword)
        if found is None:
            self._images.append(_image(keyword, value, comment))
            return
        image = self._images[found]
        quoted = re.match(r"\s*('(?:[^']|'')*'|[^/]*)", image[10:])
        rest = image[10 + quoted.end() :] if quoted else ""
        self._images[found] = _image(keyword, value, rest.strip().lstrip("/").strip())
        following = found + 1
        while following < len(self._images) and self._images[following][:8] == "CONTINUE":
            del self._images[following]

    def remove(self, *keywords: str) -> None:
        """Leave cards out, with what continues them."""
        self._keep(lambda keyword: keyword not in keywords)

    def remove_matching(self, pattern: str) -> None:
        """Leave out the cards whose whole keyword matches."""
        self._keep(lambda keyword: re.fullmatch(pattern, keyword) is None)

    def rename(self, changed: Callable[[str], str | None]) -> None:
        """Give cards other keywords, no longer ones; None leaves a card out, with what continues
        it. Keywords of HIERARCH cards come without HIERARCH."""
        images = []
        dropping = False
        for image in self._images:
            keyword = _keyword(image)
            if keyword == "CONTINUE":
                if not dropping:
                    images.append(image)
                continue
            has_value = keyword and "=" in image
            new = changed(keyword) if has_value else keyword
            dropping = new is None
            if new is not None:
                images.append(image.replace(keyword, new.ljust(len(keyword)), 1))
        self._images = images

    def replace_number(self, keyword: str, value: int) -> None:
        """Put a whole number in place of another in a HIERARCH card."""
        pattern = rf"^(HIERARCH {re.escape(keyword)}\s*=\s*)-?\d+"
        self._images = [
            re.sub(pattern, rf"\g<1>{value}", image).ljust(_CARD)[:_CARD] for image in self._images
        ]

    def history(self, *sentences: str) -> None:
        """HISTORY cards at the end, a sentence on as many as it needs."""
        for sentence in sentences:
            printable = re.sub(r"[^ -~]", "?", sentence)
            for start in range(0, len(printable), 72):
                self._images.append(f"HISTORY {printable[start : start + 72]}".ljust(_CARD))

    def tobytes(self) -> bytes:
        """The header, without what was true of all values alone, padded to whole blocks."""
        self.remove(*_OF_ALL)
        raw = "".join([*self._images, "END".ljust(_CARD)]).encode("latin-1")
        return raw + b" " * (-len(raw) % _BLOCK)

    def _find(self, keyword: str) -> int | None:
        places = [i for i, image in enumerate(self._images) if image[:8].rstrip() == keyword]
        return places[-1] if places else None

    def _keep(self, wanted: Callable[[str], bool]) -> None:
        self.rename(lambda keyword: keyword if wanted(keyword) else None)


def _keyword(image: str) -> str:
    if image.startswith("HIERARCH "):
        return image[9:].partition("=")[0].strip()
    return image[:8].rstrip()


def _image(keyword: str, value: Value, comment: str) -> str:
    """One card; numbers in full, right-aligned where they fit (FITS 4.0 §4.2)."""
    if isinstance(value, bool):
        shown = ("T" if value else "F").rjust(20)
    elif isinstance(value, str):
        quoted = value.replace("'", "''")
        shown = f"'{quoted:<8}'"
    else:
        shown = repr(value).upper().rjust(20)
    image = f"{keyword:<8}= {shown}"
    if comment:
        image = f"{image} / {comment}"
    return image[:_CARD].ljust(_CARD)
