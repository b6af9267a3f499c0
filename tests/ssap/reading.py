"""Responses of SSAP as tables."""

import io
from typing import Any

import httpx
from astropy.io.votable import parse
from astropy.table import Table


def rows_of(answer: httpx.Response) -> Table:
    """The rows, by the names of their columns."""
    document = parse(io.BytesIO(answer.content), verify="ignore")
    return document.get_first_table().to_table(use_names_over_ids=True)


def find(client: httpx.Client, path: str = "/ssap", **parameters: Any) -> Table:
    """The rows that a query finds."""
    return rows_of(client.get(path, params={"REQUEST": "queryData", **parameters}))


def names(table: Table) -> list[str]:
    """The obs_id at the end of each row's identifier, each once, in order."""
    return list(dict.fromkeys(str(did).rpartition("/")[2] for did in table["obs_publisher_did"]))
