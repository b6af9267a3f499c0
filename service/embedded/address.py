"""The address that the archive listens on."""

import errno
import socket

import psutil

from service.errors import StarhaulError


class AddressError(StarhaulError):
    """The address cannot be listened on."""

    title = "Address"


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes a free one. Raises AddressError with the remedy."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (socket.gaierror, OverflowError) as error:
        raise AddressError(f"cannot listen on {host}:{port}: {error}; set --host and --port") from (
            None
        )
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise AddressError(_reason(host, port, error)) from None
    return listener


def _reason(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is in use by {holder_of(port)}; choose another with --port N, "
            "or --port 0 for any free one"
        )
    if error.errno == errno.EACCES:
        return f"ports below 1024 need root: choose another than {port} with --port N"
    return f"cannot listen on {host}:{port}: {error.strerror}; set --host and --port"


def holder_of(port: int) -> str:
    """The process that listens on a TCP port, in words."""
    for process in psutil.process_iter(["pid", "name", "cmdline"]):
        try:
            connections = process.net_connections(kind="tcp")
        except psutil.Error:
            continue
        for connection in connections:
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                command = " ".join(process.info["cmdline"] or [])[:80]
                return f"process {process.pid} ({command or process.info['name']})"
    return "another user's process"


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
