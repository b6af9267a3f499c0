"""UPLOAD as clients write it."""

from service.parameters import Parameters
from service.uploads.request import wanted_uploads


def _names(*values: str) -> list[tuple[str, str]]:
    return [(u.name, u.uri) for u in wanted_uploads(Parameters({"UPLOAD": values}))]


def test_how_uploads_are_written() -> None:
    assert _names("t,param:x") == [("t", "param:x")]
    assert _names("a,param:x;b,http://h/q?a=1;c=2,3;d,https://h/") == [
        ("a", "param:x"),
        ("b", "http://h/q?a=1;c=2,3"),
        ("d", "https://h/"),
    ]
    assert _names("a,param:x;", "b,param:y") == [("a", "param:x"), ("b", "param:y")]
    assert _names(" TAP_UPLOAD.a , param:x") == [("a", "param:x")]
    assert _names('"my table",param:x') == [("my table", "param:x")]
    assert _names('tap_upload."a ""b""",param:x') == [('a "b"', "param:x")]
