"""Hidden `starhaul load-demo`: what `up --demo` runs before it is ready."""

from pathlib import Path

from service.config import Settings

_LOADED = "demo.loaded"


def demo_is_loaded(home: Path) -> bool:
    """Whether this home's archive holds the demo data."""
    return (home / _LOADED).exists()


def load_demo() -> None:
    """Generate and ingest the demo archive of the running archive that started this process."""
    from service.demo import load

    settings = Settings()
    load(settings.home, settings)
    (settings.home / _LOADED).touch()
