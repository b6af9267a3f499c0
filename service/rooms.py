"""The rooms that have jobs: the API lists them, the workers run them."""

from service.bulk.room import BULK_ROOM
from service.tap.jobs import TAP_ROOM
from service.uws.room import Room

ROOMS: tuple[Room, ...] = (BULK_ROOM, TAP_ROOM)
