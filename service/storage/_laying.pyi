import numpy as np
import numpy.typing as npt

from service.storage.laying import Pieces

def lay(
    root: str,
    headers: Pieces,
    paths: Pieces,
    states: npt.NDArray[np.int64],
    padded: npt.NDArray[np.int64],
    room: memoryview,
    /,
) -> tuple[int, int]: ...
