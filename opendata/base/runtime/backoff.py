"""How long a next try waits."""

import secrets

_STEPS = 1 << 20


def spread(seconds: float) -> float:
    """Somewhere between half of it and all of it: what failed at one moment, for one reason, does not come
    back at one moment."""
    return seconds * (1 + secrets.randbelow(_STEPS) / _STEPS) / 2
