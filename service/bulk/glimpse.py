"""The first files of a package, for people: names and small pictures."""

from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import select

from schema.tables.archive import dataset, holding
from schema.tables.bulk import member, package
from service.archive import Archive
from service.previews.drawable import EXTENSIONS, MEDIA_TYPES, SMALL

_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A file by its name in the package, the page of its dataset, and its picture."""

    name: str
    page: str
    picture: str


async def first_files(archive: Archive, job_id: str) -> list[Glimpse]:
    """The first six files of a job's package, as far as they are of kinds that are drawn."""
    chosen = (
        select(member.c.path, dataset.c.obs_publisher_did, holding.c.id, dataset.c.dataproduct_type)
        .join(package, package.c.id == member.c.package_id)
        .join(holding, holding.c.id == member.c.holding_id)
        .join(dataset, dataset.c.id == holding.c.dataset_id)
        .where(
            package.c.job_id == job_id,
            member.c.seq < _SHOWN,
            member.c.status == "ok",
            holding.c.semantics == "#this",
            holding.c.reader != "part",
            dataset.c.dataproduct_type.in_(MEDIA_TYPES),
        )
        .order_by(member.c.seq)
    )
    async with archive.database.owner.connect() as connection:
        rows = (await connection.execute(chosen)).all()
    return [
        Glimpse(
            name=row.path.rpartition("/")[2],
            page=f"/datalink/links?{urlencode({'ID': row.obs_publisher_did})}",
            picture=f"/previews/{row.id}.{EXTENSIONS[MEDIA_TYPES[row.dataproduct_type]]}"
            f"?SIZE={SMALL}",
        )
        for row in rows
    ]
