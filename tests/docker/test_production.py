"""What can be proved of docker/ without a Docker engine.

The processes of compose.yaml are started by hand, with its commands and its environment; only the
host names and the passwords are those of the test's servers.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from service.config import Settings
from service.embedded.address import free_port
from tests.conftest import Stack, TestDatabase

DOCKER = Path(__file__).parents[2] / "docker"
STARHAUL = (sys.executable, "-P", "-m", "service.cli")


def example_settings() -> dict[str, str]:
    """The variables of .env.example; what a user must fill in, filled in."""
    lines = (DOCKER / ".env.example").read_text().splitlines()
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    return {name: value or f"secret{number}" for number, (name, value) in enumerate(pairs)}


def interpolate(text: str, variables: dict[str, str]) -> str:
    """Compose's ${NAME:?} and ${NAME:-default}, strictly: an unknown name is an error."""

    def value(match: re.Match[str]) -> str:
        return variables[match["name"]]

    return re.sub(r"\$\{(?P<name>\w+)(:[?-][^}]*)?\}", value, text)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """compose.yaml with the variables of .env.example."""
    text = (DOCKER / "compose.yaml").read_text()
    loaded = yaml.safe_load(interpolate(text, example_settings()))
    assert isinstance(loaded, dict)
    return loaded


def test_hadolint() -> None:
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [program, DOCKER / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_image_does_not_run_as_root_and_installs_the_lock_file() -> None:
    lines = (DOCKER / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert all(int(user) > 0 for user in users)
    assert any("--require-hashes -r requirements.lock" in line for line in lines)


@pytest.fixture
def resolved(
    tmp_path: Path, require_tool: Callable[[str], str]
) -> Callable[[dict[str, str]], dict[str, Any]]:
    """The services as Compose reads compose.yaml with an .env of the example and some more."""

    def config(more: dict[str, str]) -> dict[str, Any]:
        environment = tmp_path / ".env"
        pairs = (example_settings() | more).items()
        environment.write_text("".join(f"{name}={value}\n" for name, value in pairs))
        command = [require_tool("docker-compose"), "--env-file", environment, "-f", "compose.yaml"]
        shell = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        done = subprocess.run(
            [*command, "config"], cwd=DOCKER, env=shell, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        services: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
        return services

    return config


def test_compose_takes_the_file(
    compose: dict[str, Any], resolved: Callable[[dict[str, str]], dict[str, Any]]
) -> None:
    assert set(resolved({})) == set(compose["services"])


def test_what_leads_to_buckets_is_passed_on(
    resolved: Callable[[dict[str, str]], dict[str, Any]],
) -> None:
    """Every variable of the publisher's guide; one that is not set is not there at all."""
    guide = (DOCKER.parent / "docs" / "publisher-guide.md").read_text()
    names = {name for row in re.findall(r"^\| (`AWS_.*)", guide, re.MULTILINE)
             for name in re.findall(r"`(AWS_\w+)`", row.split(" | ")[0])}  # fmt: skip
    assert len(names) > 5
    given = {name: f"value of {name}" for name in names}
    store = {"WORK_STORE": "s3://bucket/prefix"}
    with_buckets, without = resolved(given | store), resolved({})
    for service in ("api", "worker"):
        environment = with_buckets[service]["environment"]
        assert {name: environment.get(name) for name in names} == given
        assert environment["STARHAUL_WORK_STORE"] == store["WORK_STORE"]
        environment = without[service]["environment"]
        assert {environment.get(name) for name in names} == {None}


def test_every_part_of_the_archive_is_a_service(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"postgres", "redis", "init", "api", "worker", "nginx"}
    for name in ("init", "api", "worker"):
        settings = Settings.model_fields
        for variable in services[name]["environment"]:
            own = variable.removeprefix("STARHAUL_").lower() in settings
            assert own or variable.startswith("AWS_")
        assert services[name]["build"]["dockerfile"] == "docker/Dockerfile"
    assert services["api"]["deploy"]["replicas"] == 2
    mounted = {volume.split(":")[0] for volume in services["api"]["volumes"]}
    assert "work" in mounted & set(compose["volumes"])
    for name in ("roles.sh", "nginx.conf"):
        assert (DOCKER / name).is_file()


def environment_by_hand(
    compose: dict[str, Any], service: str, database: TestDatabase, redis_url: str, work: Path
) -> dict[str, str]:
    """The service's environment, with this machine's addresses in place of the containers'."""
    given = compose["services"][service]["environment"].items()
    environment: dict[str, str] = {name: value for name, value in given if value is not None}
    local = {
        "STARHAUL_DATABASE_URL": database.url,
        "STARHAUL_READ_DATABASE_URL": database.read_url,
        "STARHAUL_REDIS_URL": redis_url,
        "STARHAUL_WORK_STORE": str(work),
        "STARHAUL_TRUSTED_PROXIES": '["127.0.0.1"]',
    }
    assert set(local) <= set(environment)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("STARHAUL_")}
    return inherited | environment | local


@contextmanager
def running(
    command: list[str], environment: dict[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process in the background, ended by SIGTERM as `docker stop` ends it."""
    with log.open("w") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def starhaul_command(compose: dict[str, Any], service: str, port: int | None = None) -> list[str]:
    """The service's command; the port differs, for here all share one machine."""
    program, *arguments = compose["services"][service]["command"]
    assert program == "starhaul"
    if port is not None:
        arguments[arguments.index("--port") + 1] = str(port)
    return [*STARHAUL, *arguments]


def nginx_command(nginx: str, directory: Path, port: int, api_ports: list[int]) -> list[str]:
    """nginx with docker/nginx.conf, but for the addresses."""
    text = (DOCKER / "nginx.conf").read_text()
    servers = "".join(f"server 127.0.0.1:{api} max_fails=0; " for api in api_ports)
    for old, new in (
        ("server api:8000 resolve max_fails=0;", servers),
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("pid /tmp/nginx.pid;", f"pid {directory}/nginx.pid;"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    configuration = directory / "nginx.conf"
    configuration.write_text(text)
    return [nginx, "-p", str(directory), "-e", "stderr", "-c", str(configuration)]


def wait_for_answer(url: str) -> None:
    end = time.monotonic() + 200
    while time.monotonic() < end:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"no answer from {url}")


@dataclass(frozen=True)
class Production:
    """URL of nginx, the API processes behind it, and the environment of a command."""

    url: str
    apis: list["subprocess.Popen[bytes]"]
    environment: dict[str, str]


@pytest.fixture(scope="module")
def production(
    compose: dict[str, Any],
    database: TestDatabase,
    redis_url: str,
    require_tool: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Production]:
    """The processes of compose.yaml."""
    directory = tmp_path_factory.mktemp("production")
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin") or require_tool("nginx")
    ports = [free_port(), free_port()]
    url = f"http://127.0.0.1:{free_port()}"

    def environment(service: str) -> dict[str, str]:
        own = environment_by_hand(compose, service, database, redis_url, directory / "work")
        return own | {"STARHAUL_PUBLIC_URL": url}

    def start(service: str, log: str, port: int | None = None) -> "subprocess.Popen[bytes]":
        command = starhaul_command(compose, service, port)
        return stack.enter_context(running(command, environment(service), directory / log))

    (directory / "work").mkdir()
    subprocess.run(starhaul_command(compose, "init"), env=environment("init"), check=True)
    command = nginx_command(nginx, directory, int(url.rpartition(":")[2]), ports)
    subprocess.run([*command, "-t"], check=True)
    with ExitStack() as stack:
        apis = [start("api", f"api-{port}.log", port) for port in ports]
        start("worker", "worker.log")
        for port in ports:
            wait_for_answer(f"http://127.0.0.1:{port}/tap/availability")
        foreground = [*command, "-g", "daemon off;"]
        stack.enter_context(running(foreground, dict(os.environ), directory / "nginx.log"))
        wait_for_answer(f"{url}/tap/availability")
        yield Production(url, apis, environment("init"))


def test_a_query_through_nginx(production: Production) -> None:
    query = "SELECT table_name FROM tap_schema.tables"
    answer = httpx.get(
        f"{production.url}/tap/sync", params={"LANG": "ADQL", "FORMAT": "csv", "QUERY": query}
    )
    assert answer.status_code == 200
    assert "ivoa.obscore" in answer.text


def test_links_name_the_public_url(production: Production) -> None:
    assert f"{production.url}/tap" in httpx.get(f"{production.url}/tap/capabilities").text


def test_a_bulk_job_is_made_by_the_api_and_run_by_the_worker(
    production: Production, stack: Stack
) -> None:
    collection = stack.home / "demo" / "planet-host" / "collection.toml"
    subprocess.run(
        [*STARHAUL, "ingest", str(collection)], env=production.environment, check=True, timeout=60
    )
    query = "SELECT obs_publisher_did FROM ivoa.obscore"
    made = httpx.post(f"{production.url}/bulk", data={"QUERY": query, "PHASE": "RUN"})
    assert made.status_code == 303
    job = made.headers["Location"]
    assert job.startswith(f"{production.url}/bulk/")
    phase, end = "", time.monotonic() + 200
    while time.monotonic() < end and phase not in ("COMPLETED", "ERROR", "ABORTED"):
        phase = httpx.get(f"{job}/phase").text.strip()
        time.sleep(0.1)
    assert phase == "COMPLETED"
    part = httpx.get(f"{job}/results")
    assert part.text.count(f"{job}/results/") >= 2  # the manifest and a tar part


def test_one_api_process_may_die(production: Production) -> None:
    production.apis[0].kill()
    production.apis[0].wait()
    answers = [httpx.get(f"{production.url}/tap/availability") for _ in range(10)]
    assert [answer.status_code for answer in answers] == [200] * 10
