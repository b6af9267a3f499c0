"""The distribution as users install it: a wheel that needs nothing of the server."""

import subprocess
import sys
import zipfile
from email.parser import Parser
from importlib.metadata import distribution, entry_points, requires
from pathlib import Path

from packaging.requirements import Requirement

from tests.conftest import ROOT

ALONE = """
import sys
sys.path = [path for path in sys.path if path != ""]
import starhaul_client
assert starhaul_client.__file__.startswith(sys.prefix), starhaul_client.__file__
for name in ("service", "schema", "adql", "numpy", "fastapi"):
    try:
        __import__(name)
    except ImportError:
        continue
    raise AssertionError(name)
"""


def test_the_wheel_is_whole_and_light(tmp_path: Path) -> None:
    source = tmp_path / "source"
    subprocess.run(["cp", "-rL", ROOT / "client", source], check=True)
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("starhaul_client-*.whl")
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
        about = next(name for name in names if name.endswith("/METADATA"))
        metadata = Parser().parsestr(content.read(about).decode())
    modules = {path.relative_to(ROOT / "client") for path in (ROOT / "client").rglob("*.py")}
    assert {str(path) for path in modules if "starhaul_client" in path.parts} <= set(names)
    assert "starhaul_client/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    needs = metadata.get_all("Requires-Dist") or []
    assert sorted(need.split(">")[0] for need in needs) == ["httpx", "rich"]
    _works_alone(wheel, tmp_path / "environment")


def _works_alone(wheel: Path, environment: Path) -> None:
    """Install the wheel beside what it needs, and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    packages = next(environment.glob("lib/python*/site-packages"))
    for name in _needed("httpx", "rich"):
        files = {file.parts[0] for file in distribution(name).files or []}
        for top in files - {"..", "__pycache__"}:
            (packages / top).symlink_to(distribution(name).locate_file(top))
    with zipfile.ZipFile(wheel) as content:
        content.extractall(packages)
    python = environment / "bin" / "python"
    subprocess.run([python, "-P", "-c", ALONE], cwd="/", check=True)
    command = [python, "-P", "-m", "starhaul_client", "--help"]
    told = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True)
    assert "--unpack" in told.stdout


def _needed(*names: str) -> set[str]:
    """Distributions, and those that they need."""
    found, waiting = set[str](), [*names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            needs = map(Requirement, requires(name) or [])
            waiting += [n.name for n in needs if not n.marker or n.marker.evaluate({"extra": ""})]
    return found


def test_both_commands_are_installed() -> None:
    scripts = {each.name: each.value for each in entry_points(group="console_scripts")}
    assert scripts["starhaul-fetch"] == "starhaul_client.command:run"
    assert scripts["starhaul"] == "service.cli:main"
