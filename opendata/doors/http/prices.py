"""What routes of the data plane cost beside the one request each call is charged, in one place.

Bytes are those of the body that goes out, counted where the plan has a rule for them. Rows are known to the
view: it says them by `limits.cost`. A stored file costs its request alone, whatever its size: taking
everything stays open.
"""

from collections.abc import Mapping
from dataclasses import dataclass

EXPORT_SECONDS = 35.0
"""How long an export may run, and a little: a worker that was killed holds its place no longer."""


@dataclass(frozen=True, slots=True)
class Price:
    """`held_seconds`: the call takes one of the places of calls that run at once, until its body is sent and
    for so long at most. `by_bytes`: where the plan counts bytes."""

    free: bool = False
    by_bytes: bool = True
    held_seconds: float = 0.0


PRICES: Mapping[str, Price] = {
    "plans.my_limits": Price(free=True),  # what is left can be asked when nothing is
    "resources.download": Price(by_bytes=False),
    "usage.of_application": Price(held_seconds=EXPORT_SECONDS),
}
"""By endpoint; a route that is not named costs its request."""
