"""Why nothing was cut. A protocol tells it in its own form."""

from service.errors import StarhaulError


class NoOverlap(StarhaulError):
    """What is asked for and what the file holds have nothing in common; the message says in what.

    SODA 1.0 §4.2: 204 of a sync request.
    """

    status = 404
    title = "No overlap"


class NotCuttable(StarhaulError):
    """The file cannot be cut, or not in what is asked for; the message says why."""

    status = 422
    title = "Not cuttable"
