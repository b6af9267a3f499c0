"""The files that a job's requests brought, kept in the work store until the job is deleted."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from service.config import Settings
from service.multipart import file_in
from service.uploads.request import Upload

_UPLOADS = "uploads"


def job_folder(settings: Settings, room: str, job_id: str) -> Path:
    """What a job of a room keeps in the work store."""
    return Path(settings.work_store_url) / room / job_id


async def keep_files(folder: Path, files: Mapping[str, Path]) -> None:
    """Move the files of a request to those of the job; one of the same name is replaced."""
    await asyncio.to_thread(_keep, folder / _UPLOADS, files)


def _keep(folder: Path, files: Mapping[str, Path]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in files.items():
        path.replace(file_in(folder, name))


async def kept_files(folder: Path, uploads: Sequence[Upload]) -> dict[str, Path]:
    """The job's files that its uploads name, by the name of their part."""
    return await asyncio.to_thread(_kept, folder / _UPLOADS, uploads)


def _kept(folder: Path, uploads: Sequence[Upload]) -> dict[str, Path]:
    parts = [upload.part for upload in uploads if upload.part is not None]
    files = {name: file_in(folder, name) for name in parts}
    return {name: path for name, path in files.items() if path.is_file()}
