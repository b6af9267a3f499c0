"""A bulk job for people: what it is, one line to paste, and the same for every tool."""

from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import Response

from service.archive import archive_of
from service.bulk.connections import connections
from service.bulk.glimpse import first_files
from service.bulk.summary import summary_of
from service.html.rendering import html
from service.html.snippets import Step
from service.uws.job import FINISHED, Job

# What each list is for, in the order of the page.
_LISTS = {
    "result": "The manifest: every file with its size, checksum and status, as VOTable",
    "manifest.parquet": "The manifest as Parquet, for pandas, Polars or DuckDB",
    "manifest.csv": "The manifest as CSV",
    "manifest.json": "The manifest as JSON",
    "damage": "Files found changed or lost since, with the reason",
    "get.sh": "The script of the line above, to be read first",
    "urls.txt": "The address of every part, for wget",
    "curl.txt": "The parts for curl --config",
    "aria2.txt": "The parts for aria2c",
    "parts.meta4": "Metalink: the parts with the checksums that are known",
    "SHA256SUMS": "The checksum of every file, for sha256sum -c beside the unpacked folder",
    "files.txt": "The address of every single file",
    "files.aria2.txt": "Every single file with its checksum, for aria2c",
    "bag.tar": "The package without its files, for tools that read BagIt's fetch.txt",
}


def _steps(url: str, aria2: str) -> list[Step]:
    """The package in the words of several tools; `aria2` are that one's options."""
    results = f"{url}/results"
    return [
        Step(
            "starhaul",
            "starhaul fetch",
            "Several connections, progress, and every file checked as it lands. A second run only "
            "checks. It is part of Starhaul, and alone the distribution starhaul-client.",
            f"starhaul-fetch {url} --into . --unpack\n",
        ),
        Step(
            "aria2",
            "aria2",
            "Several connections. Once the archive knows the checksums of the parts, aria2 finds "
            "and mends damaged pieces.",
            f"curl -fsSO {results}/parts.meta4\naria2c -c -V {aria2} -M parts.meta4\n",
        ),
        Step(
            "wget",
            "wget",
            "Again after an interruption: the same lines.",
            f"curl -fsSO {results}/urls.txt\nwget -c -i urls.txt\n",
        ),
        Step(
            "pyvo",
            "Python",
            "The manifest as an Astropy table, then one file of it.",
            "from astropy.utils.data import download_file\n"
            "from pyvo.dal import AsyncTAPJob\n\n"
            f'job = AsyncTAPJob("{url}", delete=False)\n'
            "files = job.fetch_result().to_table()\n"
            'print(download_file(files["access_url"][0]))\n',
        ),
    ]


async def job_page(request: Request, job: Job) -> Response:
    """The job as HTML, loaded again by itself until it has ended."""
    archive = archive_of(request)
    url = f"{archive.settings.base_url}/bulk/{job.id}"
    results = {result.id: result for result in job.results}
    parts = [result for result in job.results if result.id.startswith("part-")]
    return html(
        "service.bulk",
        "job.html",
        headers={"Cache-Control": "no-store", "Vary": "Accept"},
        title=archive.settings.title,
        job=job,
        url=url,
        summary=await summary_of(archive, job.id) if parts else None,
        glimpses=await first_files(archive, job.id) if parts else [],
        parts=[(PurePosixPath(part.href).name, part) for part in parts],
        lists=[(results[name], words) for name, words in _LISTS.items() if name in results],
        steps=_steps(url, connections(archive.settings.bulk_streams_per_user).command_line()),
        hashing=archive.settings.hash_parts != "none",
        running=job.phase not in FINISHED,
    )
