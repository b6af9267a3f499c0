import numpy as np
import numpy.typing as npt

def lay(
    root: str,
    headers: list[bytes],
    paths: list[str],
    states: npt.NDArray[np.int64],
    padded: npt.NDArray[np.int64],
    room: memoryview,
    /,
) -> tuple[int, int]: ...
