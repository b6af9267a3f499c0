"""What is one user's alone: a token from the command, the environment, or ~/.netrc."""

from pathlib import Path

import httpx
import pytest

from service.access import command
from starhaul_client import NoSuchJob, fetch
from tests.client.conftest import Archive, finish, start
from tests.haul import ALL


def test_a_job_of_ones_own(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.network.calm()
    token = command.make(archive.haul.servers.database_url, "ada", None)
    answer = httpx.post(
        f"{archive.haul.url}/bulk",
        data={"PHASE": "RUN", "QUERY": ALL},
        headers={"authorization": f"Bearer {token}"},
    )
    job = answer.headers["location"]
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(NoSuchJob):
        fetch(job, tmp_path / "nobody", progress=False)
    files = len(archive.haul.names)
    assert fetch(job, tmp_path / "argument", token=token, progress=False).files == files
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login ada password {token}\n")
    netrc.chmod(0o600)
    assert fetch(job, tmp_path / "netrc", progress=False).files == files
    netrc.unlink()
    monkeypatch.setenv("STARHAUL_TOKEN", token)
    status, _, said = finish(start(job, tmp_path / "environment"))
    assert (status, said) == (0, "")
    notes = (tmp_path / "argument" / ".starhaul-fetch").iterdir()
    assert not any(token.encode() in note.read_bytes() for note in notes)


def test_credentials_stay_with_their_archive(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ~/.netrc that names other hosts is no credential here."""
    archive.network.calm()
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("machine elsewhere.example login ada password wrong\n")
    (tmp_path / ".netrc").chmod(0o600)
    job = archive.package(QUERY=ALL)
    assert fetch(job.url, tmp_path / "all", progress=False).complete
