"""POL: states of polarization by their names in ObsCore (ObsCore 1.1 §B.6.6.1)."""

from service.errors import UsageError
from service.parameters import Parameters

STATES = (
    "I", "Q", "U", "V", "RR", "LL", "RL", "LR", "XX", "YY", "XY", "YX", "POLI", "POLA",
)  # fmt: skip


def polarizations(parameters: Parameters) -> tuple[str, ...]:
    """The values of POL in the order given, each once; UsageError where one is no state."""
    values = tuple(dict.fromkeys(parameters.many("POL")))
    wrong = next((value for value in values if value not in STATES), None)
    if wrong is not None:
        raise UsageError(f"POL={wrong[:60]!r} is not known; use one of {', '.join(STATES)}")
    return values
