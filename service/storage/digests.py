"""Repr-Digest: the checksum of what a URL stands for (RFC 9530 §3)."""

from base64 import b64encode


def repr_digest(sha256: bytes | None) -> dict[str, str]:
    """The header of an answer; none where the checksum is not known.

    It is that of the whole, in the answer to a HEAD or to ranges too (RFC 9530 §3.1, B.2, B.3).
    """
    if sha256 is None:
        return {}
    return {"Repr-Digest": f"sha-256=:{b64encode(sha256).decode()}:"}
