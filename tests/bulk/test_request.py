"""The parameters of a bulk job, one by one."""

import pytest

from service.bulk.part_size import DEFAULT_PART_SIZE, part_size
from service.bulk.request import OrderKey, bulk_request
from service.errors import UsageError
from service.naming import Column, template
from service.parameters import parameters_of

QUERY = ("QUERY", "SELECT obs_publisher_did FROM ivoa.obscore")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (None, DEFAULT_PART_SIZE),
        ("2000000", 2_000_000),
        ("1e9", 10**9),
        ("500MB", 500 * 10**6),
        ("500 mb", 500 * 10**6),
        ("1.5GB", 1_500_000_000),
        ("4GiB", 4 * 2**30),
        ("0.5gib", 2**29),
        ("1MiB", 2**20),
        ("1024TiB", 2**50),
    ],
)
def test_sizes_with_units(text: str | None, size: int) -> None:
    assert part_size(text) == size


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1", "too small"),
        ("0", "too small"),
        ("1048575", "1048576 bytes"),
        ("1025TiB", "at most 1024TiB"),
        ("1e99", "at most 1024TiB"),
        ("500M", "no size"),
        ("-4GiB", "no size"),
        ("4 G i B", "no size"),
        ("many", "500MB, 4GiB"),
        ("NaN", "no size"),
        ("9" * 5000, "no size"),
    ],
)
def test_sizes_that_are_none(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        part_size(text)
    assert len(refused.value.message) < 250


def test_pieces_of_a_template() -> None:
    found = template("{target_name}/spectrum {obs_id}.fits")
    assert found.pieces == (Column("target_name"), "/spectrum ", Column("obs_id"), ".fits")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("../{obs_id}", r"\.\. are no names"),
        ("{a}/../b", r"\.\. are no names"),
        ("{a}/./b", r"\.\. are no names"),
        ("/etc/{obs_id}", "begins with /"),
        ("{a}//b", "no name between"),
        ("{a}/", "no name between"),
        ("a\x00b", "control character"),
        ("a\nb", "control character"),
        ("C:{obs_id}", ": cannot stand"),
        ("{a}\\b", "cannot stand"),
        ("{a}%2f{b}", "% cannot stand"),
        ("~{a}", "~ cannot stand"),
        ("{a", "{ stands alone"),
        ("a}", "} stands alone"),
        ("{{a}}", "stands alone"),
        ("{}", "names no column"),
        ("a" * 1001, "longer than 1000"),
        ("/".join(["{a}"] * 17), "16 levels"),
    ],
)
def test_templates_that_are_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        template(text)


def test_columns_in_an_order() -> None:
    asked = bulk_request(
        parameters_of([QUERY, ("ORDER", 's_snr DESC, "Odd, ""name"""'), ("order", "t_min asc")])
    )
    assert asked.order == (
        OrderKey("s_snr", True),
        OrderKey('Odd, "name"', False),
        OrderKey("t_min", False),
    )


def test_terms_bring_their_narrower_ones() -> None:
    asked = bulk_request(parameters_of([QUERY, ("SEMANTICS", "#this, preview"), ("SEMANTICS", "")]))
    assert asked.semantics == (
        "#this",
        "#preview",
        "#preview-image",
        "#preview-plot",
        "#thumbnail",
    )
    assert bulk_request(parameters_of([QUERY])).semantics is None


def test_forms_by_name_and_media_type() -> None:
    for text, form in (("ZIP", "zip"), ("application/x-tar", "tar"), ("application/zip", "zip")):
        assert bulk_request(parameters_of([QUERY, ("RESPONSEFORMAT", text)])).form == form


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([], "QUERY"),
        ([QUERY, ("ID", "ivo://x")], "either"),
        ([("ID", "ivo://x"), ("UPLOAD", "t,param:t")], "either"),
        ([("UPLOAD", "t,param:t;u,param:u")], "no QUERY"),
        ([QUERY, ("RESPONSEFORMAT", "rar")], "use tar or zip"),
        ([QUERY, ("SEMANTICS", "#previw")], "rdf/datalink/core"),
        ([QUERY, ("ORDER", "a b")], "asc|desc"),
        ([QUERY, ("ORDER", "a,,b")], "cannot be read"),
        ([QUERY, ("UNIQUE", "a desc")], "UNIQUE=column"),
        ([QUERY, ("UNIQUE", ",".join("a" * 21))], "the most is 20"),
        ([QUERY, ("SINCE", "yesterday")], "no job"),
        ([QUERY, QUERY, ("QUERY", "SELECT 1")], "given 3 times"),
    ],
)
def test_parameters_that_are_wrong(pairs: list[tuple[str, str]], words: str) -> None:
    with pytest.raises(UsageError, match=words.replace("|", r"\|")):
        bulk_request(parameters_of(pairs))


def test_a_job_is_named_by_its_id_or_url() -> None:
    job = "0123456789abcdef" * 2
    for text in (job, f"https://archive.example/bulk/{job}", f" /bulk/{job}/ "):
        assert bulk_request(parameters_of([QUERY, ("SINCE", text)])).since == job
