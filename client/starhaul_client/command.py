"""The command `starhaul-fetch`, which is `starhaul fetch` too."""

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from starhaul_client.errors import FetchError
from starhaul_client.fetching import CONNECTIONS, PATIENCE_S, fetch
from starhaul_client.report import Report

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None, program: str = "starhaul-fetch") -> int:
    """Run the command; its status: 0 all is there and verified, 1 something is not, 2 wrong usage,
    130 stopped by the user."""
    options = _parser(program).parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        report = fetch(
            options.url,
            options.into,
            connections=options.connections,
            unpack=options.unpack,
            token=options.token,
            progress=not options.quiet,
            patience_s=options.patience,
        )
    except FetchError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            f"{program}: stopped; run the same command again: it goes on from here", file=sys.stderr
        )
        return _INTERRUPTED
    return _tell(report, program)


def run() -> None:
    """What the console script calls."""
    sys.exit(main())


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Download a bulk job: over many connections, going on where the last run "
        "stopped, every file verified. Run it again, and it only checks.",
    )
    parser.add_argument("url", metavar="URL", help="the bulk job")
    parser.add_argument("--into", default=".", metavar="DIR", help="where to; default: here")
    parser.add_argument(
        *("-j", "--connections"),
        type=_count,
        default=CONNECTIONS,
        metavar="N",
        help="how many connections at once; default: %(default)s",
    )
    parser.add_argument(
        "--unpack",
        action="store_true",
        help="unpack while it downloads; each part is deleted once its files are there",
    )
    parser.add_argument(
        "--token",
        metavar="TOKEN",
        help="for what is not public; default: STARHAUL_TOKEN, then ~/.netrc",
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=PATIENCE_S,
        metavar="S",
        help="seconds without a byte before it gives up; default: %(default)g",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress bar")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 64:
        raise argparse.ArgumentTypeError("from 1 to 64 connections")
    return number


def _tell(report: Report, program: str) -> int:
    """Print what a download came to; the status."""
    place = report.places[0] if len(report.places) == 1 else report.directory
    print(
        f"{report.files:,} files, {report.size:,} bytes, all verified, in {place} "
        f"({report.received:,} bytes received, {report.seconds:.1f} s)"
    )
    if report.absent:
        counts = ", ".join(f"{count:,} {status}" for status, count in report.absent.items())
        print(f"without a file in this archive: {counts}; {report.manifest} says which and why")
    for failure in report.failures:
        print(f"{program}: failed: {failure.path}: {failure.reason}", file=sys.stderr)
    for repair in sorted({f.repair for f in report.failures if f.repair}):
        print(
            f"{program}: for a job of what the archive has now: curl -X POST {repair}",
            file=sys.stderr,
        )
    return 0 if report.complete else 1
