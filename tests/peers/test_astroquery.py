"""astroquery's TapPlus, which ESA's and ESO's users call with, against the running archive."""

import warnings

import pytest

from tests.conftest import Stack

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from astroquery.utils.tap import TapPlus
    from requests.exceptions import HTTPError

_QUERY = "SELECT TOP 3 obs_id, s_ra FROM ivoa.obscore ORDER BY obs_id"
_WRONG = "SELECT nope FROM ivoa.obscore"


@pytest.fixture(scope="module")
def tap(stack: Stack) -> TapPlus:
    return TapPlus(url=f"{stack.url}/tap")


def test_tables(tap: TapPlus) -> None:
    tables = {table.name: table for table in tap.load_tables()}
    columns = {column.name: column for column in tables["ivoa.obscore"].columns}
    assert columns["s_ra"].unit == "deg"
    assert len(tap.load_table("ivoa.obscore").columns) == len(columns)


@pytest.mark.parametrize("form", ["votable", "csv"])
def test_a_query(tap: TapPlus, form: str) -> None:
    found = tap.launch_job(_QUERY, output_format=form).get_results()
    assert (len(found), found.colnames) == (3, ["obs_id", "s_ra"])


def test_a_job(tap: TapPlus) -> None:
    job = tap.launch_job_async(_QUERY)
    assert job.get_results().colnames == ["obs_id", "s_ra"]
    again = tap.load_async_job(jobid=job.jobid)
    assert len(again.get_results()) == 3
    assert not tap.list_async_jobs()  # those of an anonymous user are known by their ids alone


@pytest.mark.parametrize("launch", ["launch_job", "launch_job_async"])
def test_an_error_says_what_is_wrong(tap: TapPlus, launch: str) -> None:
    with pytest.raises((HTTPError, SystemError), match="'nope' not found"):
        getattr(tap, launch)(_WRONG)
