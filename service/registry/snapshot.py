"""The registry as it is now: the records of all services and tables, and when they changed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import structlog
from lxml import etree

from adql.catalogue import Table
from service.archive import Archive
from service.config import Settings
from service.errors import Unavailable
from service.registry.coverage import Coverage, spectra_coverage, table_coverage
from service.registry.facts import Publisher, PublisherError, publisher_of
from service.registry.oai import Repository, stamp
from service.registry.records import (
    MOST_RECORDS,
    PATH,
    PublishedTable,
    Record,
    Told,
    registry,
    resources,
)
from service.registry.stamps import Stamp, stamped
from service.vosi.published import PublishedService
from service.vosi.tables import TapSchema, read_tap_schema, tableset_document

_MAX_AGE_S = 2.0
# What describes tables, and is no data of the archive's.
_NOT_PUBLISHED = ("tap_schema",)
_RETRY_AFTER_S = 300

_log = structlog.get_logger()

Services = Callable[[Archive], Awaitable[Sequence[PublishedService]]]


@dataclass
class RegistryCache:
    """The repository as made at most two seconds ago; one harvester makes it, the others wait."""

    archive: Archive
    services: Services
    _repository: Repository | None = None
    _made_at: float = 0.0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self) -> Repository:
        """The repository; Unavailable where the operator's facts cannot be used."""
        async with self._lock:
            if self._repository is None or time.monotonic() - self._made_at > _MAX_AGE_S:
                self._repository = await _repository(self.archive, self.services)
                self._made_at = time.monotonic()
            return self._repository


async def _repository(archive: Archive, services: Services) -> Repository:
    content = await read_tap_schema(archive.database.owner)
    published = await services(archive)
    told = Told(
        settings=archive.settings,
        facts=await asyncio.to_thread(_facts, archive.settings),
        services=published,
        tables=await _tables(archive, content),
        collections={
            each.collection: await spectra_coverage(archive.database.reader, each.collection)
            for each in published
            if each.collection is not None
        },
        tableset=etree.fromstring(tableset_document(content, columns=True)),
    )
    found = await asyncio.to_thread(lambda: list(resources(told)))
    by_name = {each.findtext("identifier") or "": each for each in found}
    documents = {name: etree.tostring(each, method="c14n") for name, each in by_name.items()}
    stamps = await stamped(archive.database.owner, documents)
    records = [_record(name, when, by_name.get(name)) for name, when in stamps.items()]
    itself = by_name[registry(told).findtext("identifier") or ""]
    return Repository(
        name=told.facts.title,
        base_url=f"{archive.settings.base_url}{PATH}",
        email=told.facts.contact.email,
        itself=deepcopy(itself),
        records=sorted(records, key=lambda record: (record.datestamp, record.identifier)),
        page=MOST_RECORDS,
    )


def _facts(settings: Settings) -> Publisher:
    try:
        return publisher_of(settings)
    except PublisherError as error:
        _log.error("the registry cannot tell who publishes", error=error.message)
        raise Unavailable(
            "the registry is away: what its operator wrote of the archive cannot be read",
            retry_after=_RETRY_AFTER_S,
        ) from None


def _record(name: str, when: Stamp, resource: etree._Element | None) -> Record:
    if resource is not None:
        resource.set("created", stamp(when.created))
        resource.set("updated", stamp(when.updated))
    return Record(name, when.updated, resource)


async def _tables(archive: Archive, content: TapSchema) -> list[PublishedTable]:
    """The tables of TAP_SCHEMA with what they cover."""
    catalogue = await archive.catalogue.get()
    known: dict[str, Table] = {f"{t.schema}.{t.name}": t for t in catalogue.tables()}
    titles = {row["table_name"]: row["title"] for row in content.published}
    found = []
    for row in content.tables:
        name = row["table_name"]
        table = known.get(name.replace('"', ""))
        if row["schema_name"] in _NOT_PUBLISHED:
            continue
        reader = archive.database.reader
        coverage = Coverage() if table is None else await table_coverage(reader, table)
        found.append(
            PublishedTable(
                name=name,
                title=titles.get(name) or f"Table {name}",
                description=row["description"] or f"The table {name}.",
                coverage=coverage,
            )
        )
    return found
