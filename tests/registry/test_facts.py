"""publisher.toml: what it may say, and what is told of one that is wrong."""

import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from service.config import Settings
from service.registry.facts import PublisherError, load_publisher, notice, publisher_of, template
from tests.conftest import STARHAUL
from tests.registry.conftest import FACTS


def _written(folder: Path, text: str) -> Path:
    path = folder / "publisher.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_template_is_a_file_that_can_be_used(tmp_path: Path) -> None:
    facts = load_publisher(_written(tmp_path, template()))
    assert facts.contact.email == "archive@example.org"
    everything = template().replace("# ", "").split("\n", 4)[4]
    examples = [line for line in everything.splitlines() if "=" in line]
    assert {line.split()[0] for line in examples} >= {"waveband", "licence", "facilities"}


def test_without_a_file_the_title_stands_for_what_is_not_known(tmp_path: Path) -> None:
    facts = publisher_of(Settings(home_dir=tmp_path, title="A title of many letters"))
    assert facts.publisher == "A title of many letters"
    assert len(facts.short_name) <= 16


def test_the_file_is_in_the_home_unless_another_is_named(tmp_path: Path) -> None:
    _written(tmp_path, FACTS)
    assert publisher_of(Settings(home_dir=tmp_path)).short_name == "TESTS"
    elsewhere = tmp_path / "other.toml"
    elsewhere.write_text(FACTS.replace("TESTS", "OTHER"))
    settings = Settings(home_dir=tmp_path, publisher_toml=elsewhere)
    assert publisher_of(settings).short_name == "OTHER"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("creators", "creator", ["line 6", "unknown key `creator`", "did you mean `creators`"]),
        ("email", "mail", ["unknown key `contact.mail`", "`email`"]),
        ("team@example.org", "team", ["`contact.email`"]),
        ('"TESTS"', '"MORE THAN SIXTEEN LETTERS"', ["`short_name`", "16"]),
        ('"X-ray"', '"Xray"', ["`waveband`", "X-ray"]),
        ('subjects = ["surveys", "stars"]', "subjects = []", ["`subjects`"]),
        ('title = "', 'title = ', ["is not TOML"]),
        ("https://spdx", "spdx", ["`licence_url`"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, words: list[str]
) -> None:
    assert tomllib.loads(FACTS)
    path = _written(tmp_path, FACTS.replace(old, new, 1))
    with pytest.raises(PublisherError) as caught:
        load_publisher(path)
    assert str(path) in caught.value.message
    assert all(word in caught.value.message for word in words), caught.value.message


def _starhaul(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*STARHAUL, *arguments, "--home", str(home)],
        capture_output=True,
        text=True,
        timeout=120,
        env={k: v for k, v in os.environ.items() if k != "STARHAUL_PUBLISHER_TOML"},
    )


def test_the_command_leads_from_nothing_to_a_file_that_is_right(tmp_path: Path) -> None:
    missing = _starhaul(tmp_path, "publisher")
    assert missing.returncode == 1
    path = tmp_path / "publisher.toml"
    assert f"starhaul publisher --template > {path}" in missing.stderr
    path.write_text(_starhaul(tmp_path, "publisher", "--template").stdout, encoding="utf-8")
    right = _starhaul(tmp_path, "publisher")
    assert right.returncode == 0, right.stderr
    assert "archive@example.org" in right.stdout


def test_an_operator_is_told_of_a_file_that_is_missing_or_wrong(tmp_path: Path) -> None:
    settings = Settings(home_dir=tmp_path)
    assert "--template" in (notice(settings) or "")
    _written(tmp_path, FACTS)
    assert notice(settings) is None
    _written(tmp_path, FACTS.replace("creators", "creator"))
    assert "did you mean `creators`" in (notice(settings) or "")
