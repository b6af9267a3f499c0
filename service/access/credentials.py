"""The token that a request presents: as Bearer (RFC 6750), or as the password of Basic (RFC 7617),
which is how .netrc files and VO clients send it."""

import base64
import binascii
from collections.abc import Iterable

from service.errors import Unauthorized

# What may be sent, as WWW-Authenticate says it; a header each: some clients read the first alone.
CHALLENGES = ('Basic realm="Starhaul", charset="UTF-8"', 'Bearer realm="Starhaul"')

_HEADER = b"authorization"
_LONGEST = 1_000


def presented_token(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The token in a request's raw headers, None where there are no credentials.

    Unauthorized where there are some that hold no token. The user name of Basic is anything.
    """
    found = {value for name, value in headers if name == _HEADER}
    if not found:
        return None
    if len(found) > 1:
        raise Unauthorized("the request has several Authorization headers; send one")
    scheme, _, rest = found.pop().strip().partition(b" ")
    rest = rest.strip()
    if len(rest) > _LONGEST:
        raise Unauthorized("the credentials are far longer than a token of this archive")
    if scheme.lower() == b"bearer":
        token = rest.decode("latin-1")
    elif scheme.lower() == b"basic":
        token = _password(rest)
    else:
        raise Unauthorized(
            "the Authorization header is of a kind that this archive does not take; send "
            "'Authorization: Bearer TOKEN', or the token as the password of Basic"
        )
    if not token:
        raise Unauthorized(
            "the credentials hold no token; send 'Authorization: Bearer TOKEN', or the token as "
            "the password of Basic, or no Authorization at all"
        )
    return token


def _password(encoded: bytes) -> str:
    try:
        pair = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Unauthorized("the credentials are no Basic ones: base64 of NAME:TOKEN") from None
    return pair.partition(":")[2]
