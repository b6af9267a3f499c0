"""The log: one JSON object a line on stderr, with the request id and without local variables.

structlog's own default prints the locals of every frame, which can hold passwords of URLs.
"""

import sys

import structlog


def configure_logs() -> None:
    """Make this process log so; called once, where a process starts."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
