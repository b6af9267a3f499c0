"""`starhaul adql`: what it prints for good and bad queries."""

import json
import re
import shlex

from tests.cli.test_commands import starhaul
from tests.conftest import ROOT, Stack

_QUERY = (
    "SELECT TOP 3 s_ra AS ra, COUNT(*) AS n FROM ivoa.obscore WHERE em_max > 5e-7 GROUP BY s_ra"
)


def test_columns_sql_estimate_and_plan(stack: Stack) -> None:
    done = starhaul("adql", _QUERY, "--sql", "--explain", "--home", str(stack.home))
    assert done.returncode == 0, done.stderr
    heading, ra, n, _, sql, _, estimate, plan, *_ = done.stdout.splitlines()
    assert heading.split() == ["column", "type", "unit", "ucd", "description"]
    assert ra.split()[:4] == ["ra", "double", "deg", "pos.eq.ra"]
    assert n.split() == ["n", "long", "meta.number"]
    assert sql.startswith("SELECT ")
    assert estimate.startswith("about 3 rows, cost ")
    assert "cost=" in plan


def test_json_is_what_the_endpoint_answers(stack: Stack) -> None:
    done = starhaul("adql", _QUERY, "--json", "--home", str(stack.home))
    checked = json.loads(done.stdout)
    assert checked["valid"]
    assert [column["name"] for column in checked["columns"]] == ["ra", "n"]
    assert "sql" not in checked


def test_an_error_is_marked_below_its_line(stack: Stack) -> None:
    query = "SELECT s_dec,\n  s_raa\nFROM ivoa.obscore"
    done = starhaul("adql", query, "--home", str(stack.home))
    assert (done.returncode, done.stdout) == (1, "")
    said, line, marks, suggestion = done.stderr.splitlines()
    assert said == "starhaul: line 2, column 3: column 's_raa' not found"
    assert (line, marks) == ("    s_raa", "    ^^^^^")
    assert suggestion == "  did you mean s_ra?"


def test_what_the_guide_shows_is_printed(stack: Stack) -> None:
    guide = (ROOT / "docs" / "user-guide.md").read_text(encoding="utf-8")
    ((command, shown),) = re.findall(r"^```sh\n\$ starhaul (.+)\n((?:.+\n)+)```$", guide, re.M)
    done = starhaul(*shlex.split(command), "--home", str(stack.home))
    assert done.stderr == shown


def test_a_note_is_shown_with_the_columns(stack: Stack) -> None:
    query = "SELECT 1/2 AS half FROM ivoa.obscore"
    note, _, marks, _, half = starhaul("adql", query, "--home", str(stack.home)).stdout.splitlines()
    assert note.startswith("note: line 1, column 8: ")
    assert marks == " " * 9 + "^^^"
    assert half.split()[0] == "half"


def test_the_grammar_alone_needs_no_archive_and_marks_wide_characters() -> None:
    good = starhaul("adql", "SELECT a FROM nowhere", "--syntax")
    assert (good.returncode, good.stdout) == (0, "valid ADQL by its grammar\n")
    long = "SELECT '" + "\u661f" * 90 + "' FORM t"
    bad = starhaul("adql", "-", "--syntax", stdin=long)
    assert bad.returncode == 1
    _, line, marks, _ = bad.stderr.splitlines()
    cut = line.index("FORM")
    assert marks.index("^") == cut + line[:cut].count("\u661f")


def test_a_version_is_chosen_by_lang() -> None:
    offset = "SELECT a FROM t ORDER BY a OFFSET 2"
    assert starhaul("adql", offset, "--syntax", "--lang", "adql-2.1").returncode == 0
    refused = starhaul("adql", offset, "--syntax", "--lang", "ADQL-2.0", "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["language"] == "ADQL-2.0"
    unknown = starhaul("adql", offset, "--syntax", "--lang", "SQL")
    assert unknown.returncode == 2
    assert "ADQL-2.0" in unknown.stderr
