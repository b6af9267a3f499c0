"""`starhaul up`."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import say, settings_for


def up(
    home: Annotated[Path | None, typer.Option(help="Where the archive keeps its data.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free port.")] = 8000,
    demo: Annotated[bool, typer.Option("--demo", help="Load a small archive first.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Pool processes of the worker; default: one a slot.")
    ] = None,
) -> None:
    """Run a whole archive on this machine, in the foreground, until Ctrl-C."""
    # Here, not above: `serve` and `worker` do not need the embedded parts.
    from service.cli.demo import demo_is_loaded
    from service.embedded.address import listen
    from service.embedded.home import open_home
    from service.embedded.run_state import take_lock
    from service.embedded.supervisor import Archive
    from service.registry.facts import notice

    settings = settings_for(home)
    opened = open_home(settings.home)
    with take_lock(opened), listen(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listener.getsockname()[1]}"
        if "public_url" not in settings.model_fields_set:
            settings.public_url = url
        first = "load-demo" if demo and not demo_is_loaded(opened.root) else None
        archive = Archive(settings, opened, listener, url, workers, say, first)

        def ready() -> None:
            print(f"ready {url}", flush=True)
            if (line := notice(settings)) is not None:
                say(line)

        archive.run(ready)
