"""The lists of a package do what they promise in the tools that they are written for."""

import hashlib
import io
import os
import random
import shlex
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import bagit
import httpx
import psutil
import pyarrow.parquet as pq
import pytest
from lxml import etree
from playwright.sync_api import sync_playwright

from service.bulk.cache import directory_of
from service.bulk.pruning import prune
from service.config import Settings
from service.embedded.address import free_port
from tests import forked
from tests.conftest import CI
from tests.haul import ALL, AUTHORITY, Haul, Package

_METALINK = "{urn:ietf:params:xml:ns:metalink}"


@pytest.fixture(scope="module")
def package(haul: Haul) -> Package:
    """Everything, in parts of about 2 MB."""
    return haul.completed(QUERY=ALL, PART_SIZE="2000000")


def save(package: Package, name: str, folder: Path) -> Path:
    """One of the results as a file."""
    answer = httpx.get(package.results[name]).raise_for_status()
    (folder / name).write_bytes(answer.content)
    return folder / name


def name_of(package: Package) -> str:
    """The folder that the package unpacks into."""
    return package.parts[0].rsplit("/", 1)[1].removesuffix("-00001.tar")


def assert_parts(package: Package, folder: Path) -> None:
    """Every part lies there with the bytes that the archive sends."""
    for url in package.parts:
        found = hashlib.sha256((folder / url.rsplit("/", 1)[1]).read_bytes()).digest()
        assert found == hashlib.sha256(httpx.get(url).content).digest()


def killed_twice(command: list[str], folder: Path, seconds: float) -> None:
    """Start a command twice and kill it after a while each time; then run it to its end."""
    seeded = random.Random(5)
    for _ in range(2):
        running = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(seeded.uniform(seconds / 4, seconds))
        running.kill()
        running.wait()
        while _is_left_of(running.pid):  # a killed script leaves its curl behind for a while
            time.sleep(0.01)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    # With `fail`, curl takes 416 for an error: that is what it is told of a file that is complete.
    complete = done.returncode == 22 and done.stderr.count("curl:") == done.stderr.count(": 416")
    assert done.returncode == 0 or complete, done.stderr


def _is_left_of(session: int) -> bool:
    """Whether a process runs that a killed one has begun."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                return True
    return False


@pytest.mark.parametrize(
    ("tool", "result", "options"),
    [
        ("curl", "curl.txt", ["-sS", "--config"]),
        ("curl", "curl.txt", ["-sS", "--parallel", "--config"]),
        ("wget", "urls.txt", ["-q", "-c", "-i"]),
        ("aria2c", "aria2.txt", ["-q", "-c", "-x4", "-k1M", "-i"]),
        ("aria2c", "parts.meta4", ["-q", "-c", "-M"]),
    ],
    ids=["curl", "curl in parallel", "wget", "aria2", "metalink"],
)
def test_a_tool_fetches_all_parts_killed_or_not(
    package: Package,
    tmp_path: Path,
    require_tool: Callable[[str], str],
    tool: str,
    result: str,
    options: list[str],
) -> None:
    listed = save(package, result, tmp_path)
    killed_twice([require_tool(tool), *options, str(listed)], tmp_path, 0.2)
    assert_parts(package, tmp_path)


@pytest.mark.parametrize("streams", [1, 4] if CI else [4])
def test_aria2_stays_below_what_one_user_may_read_and_ends_in_one_run(
    haul: Haul, tmp_path: Path, require_tool: Callable[[str], str], streams: int
) -> None:
    """By the command in the list's head, of an archive with few streams that last."""
    require_tool("aria2c")
    with _another_api(haul, streams) as url:
        package = haul.completed(QUERY=ALL, PART_SIZE="2000000")
        job = package.job.replace(haul.url, url)
        listed = httpx.get(f"{job}/results/aria2.txt").text
        assert listed.count(url) == len(package.parts)
        (tmp_path / "aria2.txt").write_text(listed)
        command = [*shlex.split(listed.splitlines()[0].removeprefix("# ")), "-q"]
        subprocess.run(command, cwd=tmp_path, check=True, timeout=300)
    assert_parts(package, tmp_path)


def test_a_browser_pauses_and_goes_on_after_the_connection_was_lost(
    haul: Haul, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    """By the button of Chromium's own page of downloads."""
    port, package = free_port(), haul.completed(QUERY=ALL)
    whole = httpx.get(package.parts[0]).content
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=require_tool("chromium"),
            args=["--no-sandbox"],
            downloads_path=tmp_path,
        )
        page, downloads = browser.new_page(), browser.new_page()
        downloads.goto("chrome://downloads/")
        button = downloads.locator("#pause-or-resume")
        with _another_api(haul, 4, port, 512 << 10) as url:
            page.goto(package.job.replace(haul.url, url))
            with page.expect_download() as begun:
                page.locator('a[href*="/parts/"]').first.click()
            button.evaluate("button => button.click()")
            haul.until(lambda: "Resume" in str(button.text_content()), 60)
        have = sum(file.stat().st_size for file in tmp_path.glob("*.crdownload"))
        assert have < len(whole)
        with _another_api(haul, 4, port):
            button.evaluate("button => button.click()")
            assert begun.value.path().read_bytes() == whole
        browser.close()


@contextmanager
def _another_api(
    haul: Haul, streams: int, port: int | None = None, rate: int = 4 << 20
) -> Iterator[str]:
    """The URL of another API process of the same archive, with limits of its own; `rate` in bytes
    a second."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    limits = {
        "STARHAUL_PUBLIC_URL": url,
        "STARHAUL_BULK_STREAMS_PER_USER": str(streams),
        "STARHAUL_BULK_BYTES_PER_S_PER_USER": str(rate),
    }
    process = forked.start(
        ("serve", "--port", str(port)), {**haul.environment, **limits}, haul.home / "another.log"
    )
    try:
        haul.until(lambda: _answers(url), 90)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/bulk").status_code == 200
    except httpx.TransportError:
        return False


def test_the_script_fetches_unpacks_and_proves(
    package: Package, haul: Haul, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    require_tool("curl")
    script = save(package, "get.sh", tmp_path)
    killed_twice(["sh", str(script)], tmp_path, 0.5)
    assert_parts(package, tmp_path)
    bag = bagit.Bag(str(tmp_path / name_of(package)))
    assert bag.validate()
    assert len(bag.payload_entries()) == len(haul.names)


def test_the_script_deletes_parts_and_asks_for_nothing_again(
    package: Package, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    require_tool("curl")
    script = save(package, "get.sh", tmp_path)
    subprocess.run(["sh", script, "-d"], cwd=tmp_path, check=True, capture_output=True)
    assert not list(tmp_path.glob("*.tar"))
    again = subprocess.run(["sh", script, "-d"], cwd=tmp_path, capture_output=True, text=True)
    assert again.returncode == 0
    assert "bytes" not in again.stderr
    damaged = next(p for p in (tmp_path / name_of(package) / "data").rglob("*.fits"))
    damaged.write_bytes(b"x" + damaged.read_bytes()[1:])
    mended = subprocess.run(["sh", script], cwd=tmp_path, capture_output=True, text=True)
    assert mended.returncode == 0, mended.stderr
    assert mended.stderr.count(" bytes") == 1


def test_the_script_fetches_a_part_anew_that_two_runs_wrote_to(
    package: Package, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    """A script that is killed leaves its curl behind for a while."""
    require_tool("curl")
    script = save(package, "get.sh", tmp_path)
    first, second = (url.rsplit("/", 1)[1] for url in package.parts[:2])
    (tmp_path / first).write_bytes(bytes(500_000))
    (tmp_path / second).write_bytes(bytes(9_000_000))
    done = subprocess.run(["sh", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"{first} is not what the archive sent; it is fetched from the beginning" in done.stderr
    assert_parts(package, tmp_path)


def test_the_script_says_which_part_cannot_be_had(
    package: Package, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    require_tool("curl")
    script = save(package, "get.sh", tmp_path)
    lost = f"{name_of(package)}-00002.tar"
    text = script.read_text().replace(f"/{lost}\n", "/elsewhere.tar\n").replace("vain * 2", "0")
    script.write_text(text)
    done = subprocess.run(["sh", script, "-n"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"{lost} could not be downloaded" in done.stderr
    assert (tmp_path / lost.replace("00002", "00003")).exists()


def test_the_script_with_wget_alone(
    package: Package, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    needed = "sh wget wc tr tar sha256sum grep sleep cat rm"
    (tmp_path / "bin").mkdir()
    for tool in needed.split():
        (tmp_path / "bin" / tool).symlink_to(require_tool(tool))
    script = save(package, "get.sh", tmp_path)
    environment = {"PATH": str(tmp_path / "bin")}
    done = subprocess.run(
        ["sh", script], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert_parts(package, tmp_path)


def test_the_bag_without_files_is_filled_by_other_tools(
    package: Package, haul: Haul, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    save(package, "bag.tar", tmp_path)
    subprocess.run(["tar", "-xf", "bag.tar"], cwd=tmp_path, check=True)
    folder = tmp_path / name_of(package)
    lines = [line.split(" ", 2) for line in (folder / "fetch.txt").read_text().splitlines()]
    assert len(lines) == len(haul.names)
    assert sum(int(size) for _, size, _ in lines) == sum(
        (haul.store / name).stat().st_size for name in haul.names
    )
    listed = save(package, "files.aria2.txt", tmp_path)
    require_tool("aria2c")
    head = Path(tmp_path / listed).read_text().splitlines()[0]
    assert head == "# aria2c -c -j 5 -i files.aria2.txt"
    subprocess.run([*shlex.split(head.removeprefix("# ")), "-q"], cwd=tmp_path, check=True)
    assert bagit.Bag(str(folder)).validate()


def test_bag_tar_resumes_as_parts_do(package: Package) -> None:
    url = package.results["bag.tar"]
    whole = httpx.get(url)
    rest = httpx.get(url, headers={"Range": "bytes=5000-", "If-Range": whole.headers["etag"]})
    assert (rest.status_code, rest.content) == (206, whole.content[5000:])
    assert httpx.head(url).headers["content-length"] == str(len(whole.content))
    with tarfile.open(fileobj=io.BytesIO(whole.content)) as bag:
        names = [member.name.split("/", 1)[1] for member in bag if member.isfile()]
    assert names[0] == "bagit.txt"
    assert set(names) >= {"fetch.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"}


def test_bag_tar_is_made_again_where_the_cache_was_pruned_by_another_process(
    haul: Haul, tmp_path: Path
) -> None:
    """This one has the layout mapped still."""
    package = haul.completed(ID=[AUTHORITY + name for name in haul.names[:3]])
    assert httpx.head(package.results["curl.txt"]).status_code == 200
    cache = directory_of(Settings(home_dir=haul.home))
    prune(cache, 0, "")
    assert list(cache.iterdir()) == []
    whole = httpx.get(package.results["bag.tar"])
    assert whole.status_code == 200
    (entry,) = cache.iterdir()
    assert [path.name for path in entry.iterdir()] == ["bag.tar"]
    prune(cache, 0, "")
    again = httpx.get(package.results["bag.tar"])
    assert (again.status_code, again.content) == (200, whole.content)
    assert again.headers["etag"] == whole.headers["etag"]


def test_the_manifest_as_parquet(package: Package, haul: Haul) -> None:
    table = pq.read_table(io.BytesIO(httpx.get(package.results["manifest.parquet"]).content))
    assert set(table["obs_publisher_did"].to_pylist()) == {AUTHORITY + n for n in haul.names}
    assert table["content_length"].to_pylist() == [
        (haul.store / did.removeprefix(AUTHORITY)).stat().st_size
        for did in table["obs_publisher_did"].to_pylist()
    ]


def test_metalink_names_every_part_with_its_size(package: Package) -> None:
    document = etree.fromstring(httpx.get(package.results["parts.meta4"]).content)
    found = {
        file.findtext(f"{_METALINK}url"): file.findtext(f"{_METALINK}size")
        for file in document.iter(f"{_METALINK}file")
    }
    assert found == {url: httpx.head(url).headers["content-length"] for url in package.parts}
    assert "content-length" not in httpx.get(package.results["parts.meta4"]).headers  # streamed


def test_every_result_of_the_document_can_be_had(package: Package) -> None:
    for name, url in package.results.items():
        answer = httpx.head(url)
        assert answer.status_code == 200, name
        assert answer.headers["content-disposition"]
    unknown = httpx.get(f"{package.job}/results/nothing")
    assert unknown.status_code == 404
    assert "parts.meta4" in unknown.json()["detail"]


def test_the_script_is_clean(
    package: Package, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    script = save(package, "get.sh", tmp_path)
    assert os.access(script, os.R_OK)
    done = subprocess.run([require_tool("shellcheck"), script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert shutil.which("dash") is None or not subprocess.run(["dash", "-n", script]).returncode
