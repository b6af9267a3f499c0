"""Orders of an e2ds of the DRS of HARPS and its relatives: lines of an image, cards by number.

The wavelengths of an order are a polynomial of the pixel's number, and the header has hundreds of
cards by the number of the order: those of order o are the m cards o m to o m + m - 1 of a kind (CAL
TH COEFF LLn, SPE EXT SNn, CAL LOC CTRn, ...). So orders can be left out, pixels of an order cannot.
"""

import re
from collections import defaultdict

from service.cutouts.spectra_cards import Cards
from service.ingest.header import Header

_NUMBERED = re.compile(r"(.+ DRS .*?\D)(\d+)")


def keep_orders(header: Header, cards: Cards, orders: int, first: int, count: int) -> None:
    """The cards of `count` orders from `first` (of 0 to `orders` - 1), numbered from 0."""
    kinds: dict[str, set[int]] = defaultdict(set)
    for keyword in header:
        if match := _NUMBERED.fullmatch(keyword):
            kinds[match[1]].add(int(match[2]))
    each = {
        kind: len(numbers) // orders
        for kind, numbers in kinds.items()
        if len(numbers) % orders == 0 and max(numbers) == len(numbers) - 1
    }

    def renumbered(keyword: str) -> str | None:
        match = _NUMBERED.fullmatch(keyword)
        if match is None or match[1] not in each:
            return keyword
        place = int(match[2]) - first * each[match[1]]
        return f"{match[1]}{place}" if 0 <= place < count * each[match[1]] else None

    cards.rename(renumbered)
    for keyword in header:
        if (
            " DRS " in keyword
            and header.get(keyword) == orders
            and _NUMBERED.fullmatch(keyword) is None
        ):
            cards.replace_number(keyword, count)
