"""What /bulk says of itself: capabilities and availability (DALI 1.1 §2), and limits."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from vo_models.voresource.models import Capability

from service.archive import archive_of
from service.bulk.limits import BulkLimits, bulk_limits
from service.config import Settings
from service.vosi.availability import availability_document
from service.vosi.capabilities import capabilities_document, http_interface, vosi_capabilities

_XML = "text/xml"
_READ = ["GET", "HEAD"]
_LIMITS = "/bulk/limits"

vosi_routes = APIRouter(prefix="/bulk")


@vosi_routes.api_route("/capabilities", methods=_READ, summary="What this service can do")
async def capabilities(request: Request) -> Response:
    """The list of jobs and the VOSI resources."""
    return Response(bulk_capabilities(archive_of(request).settings), media_type=_XML)


def bulk_capabilities(settings: Settings) -> bytes:
    """No standard defines bulk jobs; the capability is named by this archive's authority."""
    url = f"{settings.base_url}/bulk"
    bulk = Capability.model_validate(
        {
            "standard_id": f"{settings.authority}#bulk-1.0",
            "description": _words(bulk_limits(settings)),
            "interface": [http_interface(url, version="1.0")],
        }
    )
    return capabilities_document([bulk, *vosi_capabilities(url, tables=False)])


def _words(limits: BulkLimits) -> str:
    return (
        f"Bulk downloads as UWS 1.1 jobs: up to {limits.members:,} files a job, named by QUERY, ID "
        f"or UPLOAD; identifiers by ID take up to {limits.form_bytes:,} bytes of a request, an "
        f"upload {limits.upload_bytes:,}; {limits.downloads.words()}. All limits: {_LIMITS}"
    )


@vosi_routes.api_route(_LIMITS.removeprefix("/bulk"), methods=_READ, summary="The limits of jobs")
async def limits(request: Request) -> BulkLimits:
    """What a bulk job may ask for, as JSON."""
    return bulk_limits(archive_of(request).settings)


@vosi_routes.api_route("/availability", methods=_READ, summary="Whether this service is up")
async def availability(request: Request) -> Response:
    """VOSI availability."""
    document = await availability_document(archive_of(request).database.reader)
    return Response(document, media_type=_XML, headers={"Cache-Control": "no-store"})
