"""The XML documents of UWS 1.1 (schema UWS.xsd), by the models of vo-models.

vo-models has no free list of parameters, so `_Parameters` is ours; `xlink` is the prefix that pyvo
looks for by name.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from pydantic_xml import BaseXmlModel, element
from vo_models.uws.models import (
    NSMAP,
    ErrorSummary,
    Jobs,
    JobSummary,
    Parameter,
    ResultReference,
    Results,
    ShortJobDescription,
)
from vo_models.uws.types import ErrorType, ExecutionPhase
from vo_models.voresource.types import UTCTimestamp

from service.uws.job import EXECUTING, Job

MEDIA_TYPE = "text/xml"
PROGRESS = "urn:starhaul:job"  # the namespace of what we add to a job
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Parameters(BaseXmlModel, tag="parameters", ns="uws", nsmap=NSMAP):
    items: list[Parameter] = element(tag="parameter", default_factory=list)


class _Info(BaseXmlModel, tag="jobInfo", ns="uws", nsmap={**NSMAP, "starhaul": PROGRESS}):
    """What a job is at: UWS leaves the elements to the service (UWS 1.1 §2.2.2.2)."""

    progress: str = element(tag="progress", ns="starhaul")


class _Summary(JobSummary[_Parameters], tag="job", ns="uws", nsmap=NSMAP):
    """JobSummary with any parameters, and with information in elements, as the schema has it."""

    infos: list[_Info] = element(tag="jobInfo", default_factory=list)


def _clean(text: str) -> str:
    """Text without the characters that XML 1.0 has no way to write."""
    return _NOT_XML.sub("\ufffd", text)


def timestamp(moment: datetime) -> str:
    """A time as every UWS document has it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _time(moment: datetime | None) -> UTCTimestamp | None:
    return None if moment is None else UTCTimestamp.fromisoformat(timestamp(moment))


def _parameters(parameters: Mapping[str, Sequence[str]]) -> _Parameters:
    return _Parameters(
        items=[
            Parameter(id=_clean(name), value=_clean(value))
            for name, values in parameters.items()
            for value in values
        ]
    )


def _results(job: Job, url: str) -> Results:
    return Results(
        results=[
            ResultReference(
                id=result.id,
                href=f"{url}/{result.href}",
                mime_type=result.media_type,
                size=result.size,
            )
            for result in job.results
        ]
    )


def _xml(model: BaseXmlModel) -> bytes:
    document = model.to_xml(
        skip_empty=False, exclude_none=False, encoding="UTF-8", xml_declaration=True
    )
    return document if isinstance(document, bytes) else document.encode()


def job_document(job: Job, url: str) -> bytes:
    """The job at the absolute URL `url` (UWS 1.1 §2.2.2.2)."""
    error = None
    if job.error_message is not None:
        error = ErrorSummary(
            message=_clean(job.error_message),
            type=ErrorType(job.error_type or "fatal"),
            has_detail=True,
        )
    running = job.phase == EXECUTING and job.progress is not None
    return _xml(
        _Summary(
            job_id=job.id,
            run_id=None if job.run_id is None else _clean(job.run_id),
            owner_id=job.owner,
            phase=ExecutionPhase(job.phase),
            quote=None,
            creation_time=_time(job.created),
            start_time=_time(job.started),
            end_time=_time(job.ended),
            execution_duration=job.execution_duration,
            destruction=_time(job.destruction),
            parameters=_parameters(job.parameters),
            results=_results(job, url),
            error_summary=error,
            infos=[_Info(progress=_clean(job.progress or ""))] if running else [],
        )
    )


def jobs_document(jobs: Sequence[Job], jobs_url: str) -> bytes:
    """The job list (UWS 1.1 §2.2.2.1)."""
    return _xml(
        Jobs(
            jobref=[
                ShortJobDescription(
                    job_id=job.id,
                    phase=ExecutionPhase(job.phase),
                    run_id=job.run_id,
                    owner_id=job.owner,
                    creation_time=_time(job.created),
                    href=f"{jobs_url}/{job.id}",
                )
                for job in jobs
            ]
        )
    )


def parameters_document(job: Job) -> bytes:
    """The job's parameters alone."""
    return _xml(_parameters(job.parameters))


def results_document(job: Job, url: str) -> bytes:
    """The job's results alone."""
    return _xml(_results(job, url))
