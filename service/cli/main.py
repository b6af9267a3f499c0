"""All commands, and what a user's error looks like."""

import sys

import typer
from pydantic import ValidationError

from service.cli import (
    adql,
    database,
    demo,
    fetch,
    ingest,
    processes,
    publish,
    publisher,
    token,
    up,
)
from service.errors import StarhaulError, UsageError

app = typer.Typer(
    name="starhaul",
    help="An astronomical archive: IVOA protocols and bulk downloads that resume and verify.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(up.up)
app.command()(processes.serve)
app.command()(processes.worker)
app.command()(database.init)
app.command()(ingest.ingest)
app.command()(publish.publish)
app.command()(publish.unpublish)
app.command()(publisher.publisher)
app.command()(token.token)
app.command()(adql.adql)
app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(fetch.fetch)
app.command("load-demo", hidden=True)(demo.load_demo)


def main() -> None:
    """Run a command. A user's error is one message on stderr and status 1 (2: wrong usage)."""
    try:
        app()
    except UsageError as error:
        _fail(error.message, 2)
    except StarhaulError as error:
        _fail(error.message, 1)
    except ValidationError as error:
        _fail(_settings_message(error), 2)


def _fail(message: str, status: int) -> None:
    print(f"starhaul: {message}", file=sys.stderr)
    sys.exit(status)


def _settings_message(error: ValidationError) -> str:
    wrong = [
        f"STARHAUL_{'_'.join(map(str, item['loc'])).upper()}: {item['msg']}"
        for item in error.errors()
    ]
    return "wrong settings in the environment: " + "; ".join(wrong)
