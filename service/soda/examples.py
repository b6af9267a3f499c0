"""/soda/examples: a cutout of an image, of a cube, of a spectrum (SODA 1.0 §2.3, DALI 1.1 §2.3)."""

from dataclasses import dataclass

from sqlalchemy import Row, select
from starlette.requests import Request
from starlette.responses import Response

from schema.tables.archive import dataset, holding
from service.archive import Archive, archive_of
from service.cuttable.extents import suggested
from service.cuttable.holdings import IMAGES, SPECTRUM, cuttable
from service.html.rendering import html
from service.results.cutouts import SYNC, SYNC_STANDARD
from service.results.elements import xml_text

_MEDIA_TYPE = "application/xhtml+xml"


@dataclass(frozen=True, slots=True)
class Example:
    """A request that cuts something; `parameters` as they are sent."""

    name: str
    title: str
    parameters: tuple[tuple[str, str], ...]


async def examples(request: Request) -> Response:
    """GET /soda/examples, of datasets that everybody may read."""
    archive = archive_of(request)
    page = html(
        "service.soda",
        "examples.html",
        media_type=_MEDIA_TYPE,
        title=archive.settings.title,
        url=archive.settings.base_url + SYNC,
        standard=SYNC_STANDARD,
        examples=await _found(archive),
    )
    page.body = xml_text(bytes(page.body).decode()).encode()
    page.headers["content-length"] = str(len(page.body))
    return page


async def _found(archive: Archive) -> list[Example]:
    """One of each kind of dataset that there is."""
    found = []
    async with archive.database.owner.connect() as connection:
        for kind in (*IMAGES, SPECTRUM):
            query = _OPEN.where(dataset.c.dataproduct_type == kind).limit(1)
            row = (await connection.execute(query)).one_or_none()
            found += [] if row is None else [_example(row)]
    return found


_OPEN = (
    select(dataset)
    .join(holding, holding.c.dataset_id == dataset.c.id)
    .where(
        cuttable(),
        holding.c.state == "present",
        holding.c.readable_by.is_(None),
        dataset.c.readable_by.is_(None),
    )
)


def _example(row: Row[tuple[object, ...]]) -> Example:
    facts = row._asdict()
    values = suggested(facts)
    asked = {"ID": facts["obs_publisher_did"], "CIRCLE": values.circle, "BAND": values.band}
    kind = facts["dataproduct_type"]
    return Example(
        name=f"{kind}-cutout",
        title=f"A part of {'an' if kind == 'image' else 'a'} {kind}",
        parameters=tuple((name, value) for name, value in asked.items() if value is not None),
    )
