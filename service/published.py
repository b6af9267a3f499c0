"""The services of the archive that the registry tells the world of."""

from collections.abc import Sequence

from service.archive import Archive
from service.bulk.vosi import bulk_capabilities
from service.cone.somewhere import somewhere_in
from service.cone.tables import cone_tables
from service.cone.vosi import cone_capabilities, service_path
from service.datalink.vosi import links_capabilities
from service.sia.vosi import sia_capabilities
from service.soda.vosi import soda_capabilities
from service.ssap.vosi import collections_of_spectra, searched, ssap_capabilities
from service.tap.capabilities import tap_capabilities
from service.vosi.capabilities import capabilities_document
from service.vosi.published import PublishedService

_OBSCORE = ("ivoa.obscore",)


async def published_services(archive: Archive) -> Sequence[PublishedService]:
    """Each service with its capabilities, as it tells them itself."""
    settings = archive.settings
    spectra = await searched(archive.database.owner, None)
    return (
        PublishedService(
            "tap",
            "TAP",
            "Queries in ADQL over all tables, at once or as jobs, with uploads of tables.",
            capabilities_document(tap_capabilities(settings)),
            None,
        ),
        PublishedService(
            "ssap",
            "spectra",
            "Spectra by place, wavelength, time and what is known of them (SSAP).",
            ssap_capabilities(settings, "/ssap", spectra),
            (),
        ),
        PublishedService(
            "sia",
            "images",
            "Images and cubes by place, wavelength, time and what is known of them (SIA).",
            sia_capabilities(settings),
            _OBSCORE,
        ),
        PublishedService(
            "datalink",
            "links",
            "The files that belong to a dataset, its previews, and services on it (DataLink).",
            links_capabilities(f"{settings.base_url}/datalink"),
            (),
        ),
        PublishedService(
            "soda",
            "cutouts",
            "Parts of images, cubes and spectra by place, wavelength, time, polarization (SODA).",
            soda_capabilities(settings),
            (),
        ),
        PublishedService(
            "bulk",
            "bulk downloads",
            "All files that a query finds, as one job: parts that resume, a checksum of each file.",
            bulk_capabilities(settings),
            (),
        ),
        *(await _collections(archive)),
        *(await _cones(archive)),
    )


async def _collections(archive: Archive) -> list[PublishedService]:
    """The search for spectra of each collection that has some."""
    found = []
    for each in await collections_of_spectra(archive.database.owner):
        key = f"ssap/{each.name}"
        known = await searched(archive.database.owner, each.name)
        found.append(
            PublishedService(
                key,
                f"spectra of {each.title or each.name}",
                each.description or f"The spectra of the collection {each.name} (SSAP).",
                ssap_capabilities(archive.settings, f"/{key}", known),
                (),
                collection=each.name,
            )
        )
    return found


async def _cones(archive: Archive) -> list[PublishedService]:
    """The cone search of each table with a position."""
    found = []
    for cone in cone_tables(await archive.catalogue.get()).values():
        place = await somewhere_in(archive.database.reader, cone)
        found.append(
            PublishedService(
                service_path(cone).strip("/"),
                f"cone search of {cone.name}",
                cone.table.description or f"The rows of {cone.name} within a circle.",
                cone_capabilities(archive.settings, cone, place),
                (cone.name,),
            )
        )
    return found
