"""The query language of a request: its LANG, and the translation of its QUERY.

TAP and bulk jobs read both in the same way.
"""

import asyncio
from dataclasses import dataclass
from functools import lru_cache

import adql
from adql.catalogue import Catalogue
from adql.syntax.words import Version
from adql.translation import Translation
from service.errors import UsageError
from service.parameters import Parameters

# Values of LANG (TAP 1.1 §2.7.2). Plain ADQL takes the extensions too (docs/adql.md).
LANGUAGES: dict[str, Version] = {"ADQL": "ADQL", "ADQL-2.1": "2.1", "ADQL-2.0": "2.0"}
_DEFAULT = "ADQL"

# Clients and dashboards send the same short texts again and again; so many are kept.
_KEPT = 256
_KEPT_CHARACTERS = 2_048
# Longer texts are parsed in a thread, so that other requests go on meanwhile.
_IN_THREAD_CHARACTERS = 16_384


@dataclass(frozen=True, slots=True)
class Language:
    """A value of LANG and its version of ADQL; `given` is false where LANG was missing."""

    name: str
    version: Version
    given: bool


def language_of(parameters: Parameters) -> Language:
    """What LANG asks for; UsageError where it is not known."""
    asked = parameters.single("LANG")
    name = (asked or _DEFAULT).upper()
    if name not in LANGUAGES:
        raise UsageError(f"LANG={asked!r} is not known; use one of {', '.join(LANGUAGES)}")
    return Language(name, LANGUAGES[name], given=asked is not None)


async def translate(text: str, language: Language, catalogue: Catalogue) -> Translation:
    """A query in PostgreSQL's words, long ones made in a thread; ADQLError where it is wrong."""
    if len(text) > _IN_THREAD_CHARACTERS:
        return await asyncio.to_thread(adql.translate, text, catalogue, language.version)
    if len(text) > _KEPT_CHARACTERS:
        return adql.translate(text, catalogue, language.version)
    return _kept(text, catalogue, language.version)


# A catalogue that changed is another object (service/archive.py): nothing outlives it here.
_kept = lru_cache(_KEPT)(adql.translate)


async def translated(text: str, language: Language, catalogue: Catalogue) -> Translation:
    """The same for a request that runs the query: what is wrong is a UsageError with its place."""
    try:
        return await translate(text, language, catalogue)
    except adql.ADQLError as error:
        raise UsageError(str(error)) from error
