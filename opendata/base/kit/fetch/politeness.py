"""How hard one host may be asked, and how long to wait before asking again."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from opendata.base.kit.clock import Clock

LONGEST_WAIT = 3600.0


@dataclass(frozen=True, slots=True)
class Politeness:
    """Per host: open connections at once, requests a second with a burst of one second's worth."""

    connections: int = 4
    per_second: float = 8.0


class Hosts:
    """A token bucket and a bounded number of connections for each host, shared by all threads."""

    def __init__(
        self, politeness: Politeness, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._politeness = politeness
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._buckets: dict[str, _Bucket] = {}

    @contextmanager
    def turn(self, host: str) -> Iterator[None]:
        """Wait for a connection slot and a token; the slot is given back at the end."""
        bucket = self._bucket(host)
        with bucket.slots:
            wait = bucket.reserve(self._clock())
            if wait > 0:
                self._sleep(wait)
            yield

    def _bucket(self, host: str) -> "_Bucket":
        with self._lock:
            if host not in self._buckets:
                self._buckets[host] = _Bucket(self._politeness, self._clock())
            return self._buckets[host]


class _Bucket:
    def __init__(self, politeness: Politeness, now: float) -> None:
        self.slots = threading.BoundedSemaphore(politeness.connections)
        self._rate = politeness.per_second
        self._lock = threading.Lock()
        self._tokens = politeness.per_second
        self._at = now

    def reserve(self, now: float) -> float:
        """Take a token, on credit if there is none; returns the seconds until it is due."""
        with self._lock:
            self._tokens = min(self._rate, self._tokens + (now - self._at) * self._rate)
            self._at = now
            self._tokens -= 1
            return max(0.0, -self._tokens / self._rate)


def retry_after(value: str | None, now: Clock) -> float | None:
    """Seconds from a Retry-After header in either form (RFC 9110, 10.2.3), at most an hour."""
    if not value:
        return None
    if value.strip().isdecimal():
        return min(float(value.strip()[:6]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # the latter for a year no calendar has
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((aware - _aware(now())).total_seconds(), 0.0), LONGEST_WAIT)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def backoff(attempt: int, jitter: Callable[[float, float], float]) -> float:
    """Full jitter between one second and a ceiling that doubles from two seconds up to sixty."""
    return jitter(1.0, min(60.0, 2.0 ** (attempt + 1)))
