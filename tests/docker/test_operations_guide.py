"""docs/operations.md and docs/dependencies.md keep up with the code."""

import re
import tomllib
from pathlib import Path

from service.config import Settings

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def test_operations_lists_every_setting_and_no_other() -> None:
    listed = re.findall(r"^\| `STARHAUL_(\w+)` \|", OPERATIONS, re.MULTILINE)
    assert sorted(listed) == sorted(name.upper() for name in Settings.model_fields)


def test_the_roles_are_the_same_everywhere() -> None:
    """The statements for an administrator are those of docker/roles.sh."""
    guide = re.findall(r"^    ((?:CREATE|GRANT) .*;)$", OPERATIONS, re.MULTILINE)
    script = (ROOT / "docker" / "roles.sh").read_text()
    for name in ("owner", "reader"):
        script = script.replace(f":'{name}'", "'...'")
    assert guide
    assert re.findall(r"^((?:CREATE|GRANT) .*;)$", script, re.MULTILINE) == guide


def test_every_dependency_has_its_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"].values()
    wanted = project["project"]["dependencies"] + [entry for group in groups for entry in group]
    names = {re.split(r"[\[<>=;!~ ]", entry)[0] for entry in wanted}
    rows = re.findall(
        r"^\| ([^|]+) \|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE
    )
    listed = {name.strip() for row in rows for name in row.split(",")} - {"package"}
    assert names == {name for name in listed if not name.startswith("---")}
