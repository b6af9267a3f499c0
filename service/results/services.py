"""What can be done with the datasets of a result: their links, their download, their cutouts."""

from collections.abc import Sequence
from dataclasses import replace

from adql.columns import ColumnMeta
from schema import semantics
from schema.obscore import LINKS_MEDIA_TYPE
from service.config import Settings
from service.results.cutouts import cutout_services
from service.results.descriptors import UWS_MEDIA_TYPE, Input, Service

LINKS_STANDARD = "ivo://ivoa.net/std/DataLink#links-1.1"
# Columns that hold an obs_publisher_did: by ObsCore's utype, SSAP's, or the name with its UCD.
_DID_UTYPE = "curation.publisherdid"
_DID_NAME, _DID_UCD = "obs_publisher_did", "meta.ref.ivoid"


def links_service(settings: Settings, column: int | None) -> Service:
    """The list of links of the datasets that a column names; of itself where there is none."""
    itself = column is None
    return Service(
        name="Links",
        description="The files that belong to a dataset, its previews, and services on it",
        access_url=f"{settings.base_url}/datalink/links",
        content_type=LINKS_MEDIA_TYPE,
        inputs=(
            Input("ID", "obs_publisher_did, once or more", column, ucd="meta.id;meta.main"),
            *((Input("RESPONSEFORMAT", "Media type of the answer"),) if itself else ()),
        ),
        standard_id=LINKS_STANDARD,
        id=None if itself else "datalink",
        this=itself,
    )


def bulk_service(settings: Settings, column: int) -> Service:
    """The download of all datasets that a column names, as one job."""
    return Service(
        name="Download these",
        description=(
            "All files of the datasets as one package that resumes and verifies. POST every ID "
            "in one request; the answer is a UWS 1.1 job, which PHASE=RUN starts at once"
        ),
        access_url=f"{settings.base_url}/bulk",
        content_type=UWS_MEDIA_TYPE,
        inputs=(
            Input("ID", "obs_publisher_did, once or more", column, ucd="meta.id;meta.main"),
            Input("PHASE", "Start the job at once", value="RUN"),
        ),
        standard_id=f"{settings.authority}#bulk-1.0",
        id="bulk",
    )


def package_service(settings: Settings, column: int) -> Service:
    """The download of everything that is part of a dataset: what a #package row refers to."""
    parts = " ".join(term.removeprefix("#") for term in semantics.PARTS)
    bulk = bulk_service(settings, column)
    return replace(
        bulk,
        id="package",
        name="Package",
        description=f"{bulk.description}. Previews and auxiliary files are in it",
        inputs=(*bulk.inputs, Input("SEMANTICS", "Which files of a dataset", value=parts)),
    )


def dataset_services(columns: Sequence[ColumnMeta], settings: Settings) -> tuple[Service, ...]:
    """What can be done with the datasets of a result; nothing where no column names datasets.

    The column is known by its metadata, so an alias does not hide it.
    """
    for number, column in enumerate(columns):
        utype = (column.utype or "").rpartition(":")[2].lower()
        named = column.name.lower() == _DID_NAME and column.ucd == _DID_UCD
        if utype == _DID_UTYPE or named:
            return (
                links_service(settings, number),
                bulk_service(settings, number),
                *cutout_services(settings, number),
            )
    return ()
