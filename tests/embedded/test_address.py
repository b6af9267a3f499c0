"""Listening: free ports, ports in use, hosts that do not exist."""

import os

import pytest

from service.embedded.address import AddressError, listen


def test_port_zero_takes_a_free_one() -> None:
    with listen("127.0.0.1", 0) as one, listen("127.0.0.1", 0) as two:
        assert one.getsockname()[1] != two.getsockname()[1]


def test_port_in_use_names_process_and_remedy() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(AddressError, match=f"port {port} is in use by process {os.getpid()}"):
            listen("127.0.0.1", port)


def test_unknown_host() -> None:
    with pytest.raises(AddressError, match=r"no-such-host\.invalid:8000"):
        listen("no-such-host.invalid", 8000)


def test_address_of_another_machine() -> None:
    with pytest.raises(AddressError, match="--host"):
        listen("192.0.2.1", 0)
