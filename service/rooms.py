"""The rooms that have jobs: the API lists them, the workers run them."""

from service.bulk.hashing import HASH_ROOM
from service.bulk.room import BULK_ROOM
from service.pairing.tasks import CUT_ROOM
from service.previews.room import PREVIEW_ROOM
from service.soda.room import SODA_ROOM
from service.tap.jobs import TAP_ROOM
from service.uws.room import Room

ROOMS: tuple[Room, ...] = (BULK_ROOM, CUT_ROOM, HASH_ROOM, PREVIEW_ROOM, SODA_ROOM, TAP_ROOM)
