"""Files one after the other, in the order of the manifest, over any network."""

from starhaul_client import stream
from tests.client.conftest import Archive, Wanted
from tests.haul import AUTHORITY


def test_every_file_comes_once_and_in_order(archive: Archive, everything: Wanted) -> None:
    found = []
    for dataset in stream(everything.url):
        name = dataset.obs_publisher_did.removeprefix(AUTHORITY)
        assert dataset.read() == (archive.haul.store / name).read_bytes()
        assert dataset.file.tell() == dataset.size
        found.append(name)
    assert found == archive.haul.names


def test_lost_connections_are_made_anew_in_the_middle(archive: Archive, everything: Wanted) -> None:
    archive.network.lost_after = 200_000
    size = sum(len(dataset.read()) for dataset in stream(everything.url))
    assert archive.network.lost > 10
    assert size == sum((archive.haul.store / name).stat().st_size for name in archive.haul.names)
    assert archive.network.delivered < everything.size * 1.1


def test_a_byte_that_changed_on_the_way_is_never_given(
    archive: Archive, everything: Wanted
) -> None:
    for dataset in stream(everything.url):
        archive.network.flip = archive.network.flip or dataset.path.endswith("002.fits")
        name = dataset.obs_publisher_did.removeprefix(AUTHORITY)
        assert dataset.read() == (archive.haul.store / name).read_bytes()
    assert not archive.network.flip
