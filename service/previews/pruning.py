"""Keeping previews below their size and age: those unused for longest go first."""

from service.archive import Archive
from service.previews.kept import OUTDATED, folder_of, remove, store_of_previews

_AT_ONCE = 100


async def prune(archive: Archive) -> int:
    """Remove what is too much or too old; how many went. Any number of processes may do it.

    The files go first: a row without its file is drawn again, a file without its row would stay.
    """
    settings = archive.settings
    limits = {"octets": settings.preview_bytes, "days": settings.preview_days}
    async with archive.database.owner.connect() as connection:
        keys = [row.key for row in await connection.execute(OUTDATED, limits)]
    store = store_of_previews(settings)
    for first in range(0, len(keys), _AT_ONCE):
        some = keys[first : first + _AT_ONCE]
        for key in some:
            await store.remove(folder_of(key))
        async with archive.database.owner.begin() as connection:
            await remove(connection, some)
    return len(keys)
