"""Names from afar never lead out of the directory."""

from pathlib import PurePosixPath

import pytest

from starhaul_client.errors import PartFailed
from starhaul_client.names import checked_name, checked_path


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/passwd", "bag/../x", "../bag/x", "bag//x", "bag/./x", "bag/x\0", "bag\\x", ""),
        *("other/x", "bag/a\nb", "bag/..", ".."),
    ],
)
def test_an_unsafe_path_is_refused(path: str) -> None:
    with pytest.raises(PartFailed, match="nothing is written"):
        checked_path(path, "bag")


def test_a_safe_path_stays() -> None:
    assert checked_path("bag/data/Obs é:1.fits", "bag") == PurePosixPath("bag/data/Obs é:1.fits")
    assert checked_name("x-00001.tar") == "x-00001.tar"
