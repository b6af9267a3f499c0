"""A bulk job for people: what it is, and lines to copy."""

from starlette.requests import Request
from starlette.responses import Response

from service.archive import archive_of
from service.html.rendering import html
from service.uws.job import FINISHED, Job

_NAMES = {
    "result": "Manifest: every file with its size, checksum and status (VOTable)",
    "manifest.csv": "Manifest as CSV",
    "manifest.json": "Manifest as JSON",
    "SHA256SUMS": "SHA256SUMS: the checksum of every file",
    "urls.txt": "urls.txt: the URL of every single file, for wget -i",
    "damage": "Files found damaged since (none where the list is empty)",
}


def job_page(request: Request, job: Job) -> Response:
    """The job as HTML, loaded again by itself until it has ended."""
    settings = archive_of(request).settings
    return html(
        "service.bulk",
        "job.html",
        headers={"Cache-Control": "no-store", "Vary": "Accept"},
        title=settings.title,
        job=job,
        url=f"{settings.base_url}/bulk/{job.id}",
        parts=[result for result in job.results if result.id.startswith("part-")],
        others=[result for result in job.results if not result.id.startswith("part-")],
        names=_NAMES,
        name=f"starhaul-{job.id[:8]}",
        running=job.phase not in FINISHED,
    )
