"""`starhaul up`: ready, stop, kill, start again; nothing lost, nothing left."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from service.embedded.account import UNPRIVILEGED, Account
from service.embedded.process import ended
from tests.conftest import CI
from tests.embedded.conftest import STARHAUL, Standing, StartUp, Up, sql, wait_for


def write_row(up: Up) -> str:
    """A new value in the database."""
    value = secrets.token_hex()
    sql(
        up,
        "INSERT INTO archive.setting VALUES ('test', to_jsonb($1::text)) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        value,
    )
    return value


def read_row(up: Up) -> str:
    return str(sql(up, "SELECT value #>> '{}' FROM archive.setting WHERE key = 'test'"))


def test_ready_line_then_ctrl_c_leaves_nothing(standing: Standing) -> None:
    up = standing.running()
    up.look()
    assert up.url.startswith("http://127.0.0.1:")
    assert httpx.get(up.url + "/api/openapi.json").status_code == 200
    socket_dir = up.state.socket_dir
    assert up.stop(signal.SIGINT) == 0
    assert up.process.stdout is not None
    assert up.process.stdout.read() == ""  # the ready line was all
    assert up.survivors() == []
    assert socket_dir is not None
    assert not Path(socket_dir).exists()
    assert not up.home.run_file.exists()


def test_durability_is_on_and_secrets_are_closed(standing: Standing) -> None:
    up = standing.running()
    up.look()
    names = ("fsync", "full_page_writes", "synchronous_commit", "data_checksums")
    assert [sql(up, f"SHOW {name}") for name in names] == ["on"] * 4
    assert sql(up, "SHOW password_encryption") == "scram-sha-256"
    buffers = int(
        sql(up, "SELECT setting::bigint * 8192 FROM pg_settings WHERE name = 'shared_buffers'")
    )
    assert 256 << 20 <= buffers <= max(256 << 20, psutil.virtual_memory().total // 8)
    assert sql(up, "SELECT usesuper FROM pg_user WHERE usename = user") is False
    for path in (up.home.secrets_file, up.home.run_file):
        assert path.stat().st_mode & 0o077 == 0
    arguments = [" ".join(child.cmdline()) for child in up.family if not ended(child)]
    for secret in json.loads(up.home.secrets_file.read_text()).values():
        assert not any(secret in line for line in arguments)


def test_tcp_wants_the_password(standing: Standing) -> None:
    up = standing.running()
    port = up.state.database_url.rpartition("port=")[2]
    assert sql(up, "SHOW listen_addresses") == "127.0.0.1"
    with pytest.raises(asyncpg.InvalidPasswordError):
        sql(f"postgresql://starhaul:no@127.0.0.1:{port}/starhaul", "SELECT 1")


def test_kill_of_the_group_loses_nothing(standing: Standing) -> None:
    up = standing.running()
    value = write_row(up)
    up.look()
    os.killpg(up.process.pid, signal.SIGKILL)
    up.process.wait()
    wait_for(lambda: not up.survivors(), "the children end with their parent", 150)
    assert read_row(standing.running()) == value


def test_kill_of_every_process_loses_nothing(standing: Standing) -> None:
    up = standing.running()
    value = write_row(up)
    log = up.home.log / "postgres.log"
    known = log.stat().st_size
    family = psutil.Process(up.process.pid).children(recursive=True)
    for process in (*family, psutil.Process(up.process.pid)):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    up.process.wait()
    assert read_row(standing.running()) == value
    assert b"database system was not properly shut down" in log.read_bytes()[known:]


def test_leftovers_of_a_former_run_are_ended(standing: Standing) -> None:
    """A process that outlived its parent (no kernel signal reached it) is found by its mark."""
    standing.running().stop()
    orphan = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(300)"],
        env=os.environ | {"STARHAUL_CHILD_OF": str(standing.home)},
    )
    again = standing.running()
    assert orphan.poll() == -signal.SIGTERM
    assert "left behind" in again.errors.read_text()


def test_postgres_left_behind_is_shut_down_in_order(standing: Standing) -> None:
    up = standing.running()
    value = write_row(up)
    server = up.child("postgres")
    server.suspend()  # stopped, it does not see the signal of its parent's death
    os.killpg(up.process.pid, signal.SIGKILL)
    up.process.wait()
    server.resume()
    assert read_row(standing.running()) == value
    assert ended(server)


def test_second_up_on_a_running_home(standing: Standing, start_up: StartUp) -> None:
    up = standing.running()
    second = start_up(standing.home, ready=False)
    assert second.process.wait(200) == 1
    message = second.errors.read_text()
    assert up.url in message
    assert str(up.process.pid) in message
    assert "Traceback" not in message
    assert httpx.get(up.url + "/api/openapi.json").status_code == 200


BLANKS, LONG = "a home with blanks, 'quotes' and ü", "x" * 120 + "/" + "y" * 120


@pytest.mark.parametrize("name", [BLANKS, LONG] if CI else [f"{BLANKS}/{LONG}"])
def test_awkward_paths(start_up: StartUp, tmp_path: Path, name: str) -> None:
    up = start_up(tmp_path / name)
    value = write_row(up)
    assert up.stop() == 0
    assert read_row(start_up(tmp_path / name)) == value


def test_home_below_a_closed_directory(start_up: StartUp, tmp_path: Path) -> None:
    """Its permissions stay as they are; as root, PostgreSQL runs as somebody else all the same."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    up = start_up(closed / "home")
    value = write_row(up)
    assert closed.stat().st_mode & 0o777 == 0o700
    if os.geteuid() == 0:
        assert up.child("postgres").username() in UNPRIVILEGED
        assert up.child("redis-server").username() in UNPRIVILEGED
    assert up.stop() == 0
    assert read_row(start_up(closed / "home")) == value


def test_postgres_killed_while_serving(standing: Standing) -> None:
    up = standing.running()
    value = write_row(up)
    up.child("postgres").kill()
    query = {"LANG": "ADQL", "QUERY": "SELECT COUNT(*) FROM tap_schema.tables"}
    answers: list[httpx.Response] = []

    def recovered() -> bool:
        answers.append(httpx.get(up.url + "/tap/sync", params=query, timeout=30))
        return answers[-1].status_code == 200

    wait_for(recovered, "queries answer again", 200)
    for answer in answers[:-1]:
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    assert read_row(up) == value


@pytest.mark.parametrize("name", ["redis-server", "worker", "serve"])
def test_a_killed_child_is_started_again(standing: Standing, name: str) -> None:
    up = standing.running()
    said = up.errors.read_text()
    first = up.child(name)
    first.kill()
    # The supervisor collects it first: psutil lists a zombie without a command.
    wait_for(lambda: not first.is_running(), f"{name} is collected")
    second = wait_for(lambda: _child_or_none(up, name), f"{name} runs again")
    assert second.pid != first.pid
    assert httpx.get(up.url + "/api/openapi.json", timeout=60).status_code == 200
    news = up.errors.read_text().removeprefix(said)
    assert "was ended by signal SIGKILL; starting it again" in news


def _child_or_none(up: Up, name: str) -> psutil.Process | None:
    try:
        return up.child(name)
    except (pytest.fail.Exception, psutil.NoSuchProcess):
        return None


def test_port_in_use_names_the_process(
    standing: Standing, start_up: StartUp, tmp_path: Path
) -> None:
    up = standing.running()
    port = up.url.rpartition(":")[2]
    second = start_up(tmp_path / "two", "--port", port, ready=False)
    assert second.process.wait(200) == 1
    message = second.errors.read_text()
    assert f"port {port} is in use by process {up.process.pid}" in message
    assert "--port" in message


_REACHABLE = os.geteuid() == 0 and Account("nobody", 65534, 65534).may_enter(
    Path(sys.executable).resolve().parent
)


@pytest.mark.skipif(
    not _REACHABLE,
    reason="this suite itself runs as an ordinary user, or none can enter Python's directory",
)
def test_as_an_ordinary_user(start_up: StartUp, tmp_path_factory: pytest.TempPathFactory) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        os.chown(directory, 65534, 65534)
        up = start_up(
            Path(directory) / "home", user=65534, group=65534, extra_groups=[], cwd=directory
        )
        assert up.child("postgres").uids().real == 65534
        assert up.child("serve").uids().real == 65534
        assert up.stop() == 0


def test_settings_that_are_wrong(tmp_path: Path) -> None:
    done = subprocess.run(
        [*STARHAUL, "up", "--home", str(tmp_path / "home")],
        env=os.environ | {"STARHAUL_BULK_SLOTS": "none"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(
        "starhaul: wrong settings in the environment: STARHAUL_BULK_SLOTS"
    )
    assert "Traceback" not in done.stderr


def test_redis_killed_and_empty_loses_no_job(standing: Standing) -> None:
    """The broker is wiped before the job is sent and while it waits; PostgreSQL holds the truth."""
    up = standing.running()
    redis = up.child("redis-server")
    query = {"LANG": "ADQL", "QUERY": "SELECT table_name FROM tap_schema.tables"}
    made = httpx.post(f"{up.url}/tap/async", data=query)
    assert made.status_code == 303
    redis.kill()
    job = made.headers["Location"]
    assert httpx.post(f"{job}/phase", data={"PHASE": "RUN"}, timeout=60).status_code == 303
    wait_for(
        lambda: httpx.get(f"{job}/phase", timeout=30).text.strip() == "COMPLETED",
        "the job completes",
        200,
    )
