"""A bulk job for people: what it is, and lines to copy."""

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from service.archive import archive_of
from service.uws.job import FINISHED, Job

_templates = Environment(
    loader=PackageLoader("service.bulk", "."),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)


def job_page(request: Request, job: Job) -> Response:
    """The job as HTML, loaded again by itself until it has ended."""
    settings = archive_of(request).settings
    url = f"{settings.base_url}/bulk/{job.id}"
    page = _templates.get_template("job.html").render(
        title=settings.title,
        job=job,
        url=url,
        parts=[result for result in job.results if result.id.startswith("part-")],
        others=[result for result in job.results if not result.id.startswith("part-")],
        name=f"starhaul-{job.id[:8]}",
        running=job.phase not in FINISHED,
    )
    return HTMLResponse(page, headers={"Cache-Control": "no-store", "Vary": "Accept"})
