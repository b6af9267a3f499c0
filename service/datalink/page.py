"""Lists of links for people: what each dataset is, a picture of it, its files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from schema.semantics import PARTS, with_narrower
from service.config import Settings
from service.cuttable.extents import Suggested, suggested
from service.datalink.links import LINK_COLUMNS, LinksQuery
from service.html.rendering import html

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

# A page is for reading; programs ask for more.
MOST_SHOWN = 20
_FACTS = """
    SELECT obs_publisher_did, dataproduct_type, obs_collection, obs_title, target_name,
        facility_name, instrument_name, s_ra, s_dec, t_min, t_max, t_exptime, em_min, em_max,
        em_res_power, s_snr, calib_level, bib_reference, data_rights, s_region, em_xel, t_xel,
        pol_states, s_xel1, s_xel2
    FROM ivoa.obscore WHERE obs_publisher_did = ANY($1)
"""
# Headings, each with a term of http://www.ivoa.net/rdf/datalink/core and its narrower ones.
_HEADINGS = tuple(
    (heading, term, with_narrower(term)[1:])
    for heading, term in (
        ("Data", "#this"),
        ("Previews", "#preview"),
        ("Beside the data", "#auxiliary"),
        ("Documentation", "#documentation"),
        ("Calibration", "#calibration"),
        ("Made from", "#progenitor"),
        ("Made of it", "#derivation"),
        ("Of the same origin", "#coderived"),
        ("Of the same target", "#counterpart"),
    )
)
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")

Link = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """One dataset on the page. `facts` is its row of ivoa.obscore, None where there is none;
    `groups` are headings with their links, each with its term where the heading is wider; `cut` is
    what a form of cutouts begins with, None where nothing is cut; `files` is how many files a
    package of it has."""

    id: str
    name: str
    facts: Mapping[str, Any] | None
    picture: Link | None
    groups: list[tuple[str, list[tuple[Link, str]]]]
    cut: Suggested | None
    errors: list[str]
    files: int


async def read_page(
    connection: "PoolConnectionProxy[asyncpg.Record]", ids: Sequence[str]
) -> list[Shown]:
    """What the page shows of these datasets, in their order."""
    shown = tuple(ids[:MOST_SHOWN])
    links = await connection.fetch(LinksQuery(shown).literal_sql())
    rows = await connection.fetch(_FACTS, list(shown))
    facts = {row["obs_publisher_did"]: dict(row) for row in rows}
    found: dict[str, list[Link]] = {each: [] for each in shown}
    for row in links:
        link = dict(zip(LINK_COLUMNS, row, strict=True))
        found[link["ID"]].append(link)
    return [_shown(each, found[each], facts.get(each)) for each in shown]


def _shown(identifier: str, links: list[Link], facts: Mapping[str, Any] | None) -> Shown:
    can_open = [link for link in links if link["access_url"] and link["link_authorized"]]
    pictures = [
        link
        for link in can_open
        if "preview" in link["semantics"] and link["content_type"] in _PICTURES
    ]
    groups = [
        (
            heading,
            [
                (link, link["semantics"].removeprefix("#") if link["semantics"] in narrower else "")
                for link in links
                if link["access_url"] and link["semantics"] in (term, *narrower)
            ],
        )
        for heading, term, narrower in _HEADINGS
    ]
    is_cut = any(link["semantics"] == "#cutout" and link["link_authorized"] for link in links)
    return Shown(
        id=identifier,
        name=_name(identifier, facts),
        facts=facts,
        picture=pictures[0] if pictures else None,
        groups=[(heading, group) for heading, group in groups if group],
        cut=suggested(facts) if facts is not None and is_cut else None,
        errors=[
            link["error_message"].partition(": ")[2]
            for link in links
            if link["error_message"] is not None
        ],
        files=sum(link["content_length"] is not None for link in can_open),
    )


def _name(identifier: str, facts: Mapping[str, Any] | None) -> str:
    """What astronomers call it: its target, its title, else the end of its identifier."""
    if facts is None:
        return "Not in the archive"
    last = identifier.rpartition("/")[2]
    return str(facts["target_name"] or facts["obs_title"] or last)


def links_page(settings: Settings, ids: Sequence[str], shown: Sequence[Shown]) -> Response:
    """The page."""
    return html(
        "service.datalink",
        "links.html",
        headers={"Cache-Control": "no-store", "Vary": "Accept"},
        title=settings.title,
        base_url=settings.base_url,
        datasets=shown,
        parts=" ".join(term.removeprefix("#") for term in PARTS),
        asked=len(ids),
        files=sum(dataset.files for dataset in shown),
    )
