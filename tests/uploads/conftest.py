"""The API that the tests of uploads talk to, and a web server for uploads by URL."""

import http.server
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from astropy.io.votable import parse
from astropy.table import Table

from service.config import Settings
from tests.serving import Service, service, stars

__all__ = ["service", "stars"]

# A megabyte is enough for tests, and lets them pass the limit quickly.
UPLOAD_BYTES = 1 << 20


@pytest.fixture(scope="module")
def service_environment() -> dict[str, str]:
    return {
        "STARHAUL_UPLOAD_BYTES": str(UPLOAD_BYTES),
        "STARHAUL_UPLOAD_PRIVATE_HOSTS": '["127.0.0.1"]',
    }


@dataclass
class Web:
    """A web server on this machine: `files` by path; a text is where a redirect leads."""

    url: str = ""
    files: dict[str, bytes | str] = field(default_factory=dict)
    encodings: dict[str, str] = field(default_factory=dict)

    def put(self, path: str, content: bytes | str, encoding: str | None = None) -> str:
        """Serve a file; its URL."""
        self.files[path] = content
        if encoding is not None:
            self.encodings[path] = encoding
        return self.url + path


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    """A web server that runs as long as the module's tests."""
    served = Web()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = served.files.get(self.path)
            if isinstance(content, str):
                self.send_response(302)
                self.send_header("Location", content)
                self.end_headers()
                return
            self.send_response(404 if content is None else 200)
            if self.path in served.encodings:
                self.send_header("Content-Encoding", served.encodings[self.path])
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on stderr."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        served.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield served
        server.shutdown()


def votable(table: Table, serialization: str = "tabledata") -> bytes:
    """A table as a VOTable."""
    written = BytesIO()
    table.write(written, format="votable", tabledata_format=serialization)
    return written.getvalue()


ALL = "SELECT * FROM TAP_UPLOAD.t"
COUNT = "SELECT COUNT(*) AS n FROM TAP_UPLOAD.t"
SMALL = votable(Table({"a": [1, 2, 3]}))


@dataclass(frozen=True)
class Uploading:
    """Sends queries with uploads to one API."""

    url: str
    incoming: Path

    def post(
        self, query: str, uploads: dict[str, bytes] | None = None, **form: str
    ) -> httpx.Response:
        """POST a query with inline uploads by name."""
        sent = uploads or {}
        named = ";".join(f"{name},param:{name}" for name in sent)
        data = {"QUERY": query, "LANG": "ADQL"} | ({"UPLOAD": named} if named else {}) | form
        files = {name: (name, content) for name, content in sent.items()}
        return httpx.post(f"{self.url}/tap/sync", data=data, files=files or None, timeout=60)

    def table(self, query: str, uploads: dict[str, bytes] | None = None, **form: str) -> Table:
        """The rows of a query that must succeed."""
        answer = self.post(query, uploads, **form)
        assert answer.status_code == 200, answer.text[-300:]
        return parse(BytesIO(answer.content)).get_first_table().to_table(use_names_over_ids=True)

    def error(self, query: str, uploads: dict[str, bytes] | None = None, **form: str) -> str:
        """The message of a query that must fail with a VOTable and status 400 or 413."""
        answer = self.post(query, uploads, **form)
        assert answer.status_code in (400, 413), answer.text
        assert b'value="ERROR"' in answer.content
        document = parse(BytesIO(answer.content))
        return str(document.resources[0].infos[0].content)

    def leftovers(self) -> list[Path]:
        """What is still kept of requests that were answered."""
        return list(self.incoming.iterdir()) if self.incoming.exists() else []

    def leaves_nothing(self) -> bool:
        """Whether nothing is kept any more, a moment after the last answer."""
        deadline = time.monotonic() + 10
        while self.leftovers() and time.monotonic() < deadline:
            time.sleep(0.01)
        return not self.leftovers()


@pytest.fixture(scope="module")
def uploading(service: Service, settings: Settings) -> Uploading:
    return Uploading(service.url, Path(settings.work_store_url) / "incoming")
