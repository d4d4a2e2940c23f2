"""From a URL of the settings to counters."""

from math import inf
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from opendata.base.kit.errors import Invalid
from opendata.engines.counters.fallback import FallbackCounters
from opendata.engines.counters.heard import Ledger
from opendata.engines.counters.memory import MemoryCounters
from opendata.engines.counters.protocol import Counters, Seconds
from opendata.engines.counters.redis import TIMEOUT, RedisCounters
from opendata.engines.counters.sqlite import SqliteCounters


def open_counters(
    url: str,
    *,
    folder: Path | None = None,
    workers: int = 1,
    clock: Seconds | None = None,
    timeout: float = TIMEOUT,
    ledger: Ledger | None = None,
) -> Counters:
    """`memory://`, `sqlite:///path` or `redis://host:port/n?name=…&timeout=…`: counters of their own, and
    seconds that a trip may take, more than 0. With `folder`, a place for what is spent while Redis is away,
    counting goes on without it, for `workers` processes; `ledger` tells what was used of periods that this
    one has not counted yet. Redis has a clock of its own. Raises `Invalid`."""
    scheme = urlsplit(url).scheme
    if scheme == "memory":
        return MemoryCounters(clock=clock)
    if scheme == "sqlite":
        return SqliteCounters(Path(url.removeprefix("sqlite:///")), clock=clock)
    if scheme in {"redis", "rediss"}:
        shared = _on_redis(url, timeout)
        if folder is None:
            return shared
        return FallbackCounters(shared, folder, workers=workers, clock=clock, ledger=ledger)
    raise Invalid(fields={"counters_url": url})


def _on_redis(url: str, timeout: float) -> RedisCounters:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    name = options.pop("name", "")
    try:
        timeout = float(options.pop("timeout", timeout))
    except ValueError as error:
        raise Invalid(fields={"counters_url": url}) from error
    if not 0 < timeout < inf:  # neither is a number that is none
        raise Invalid(fields={"counters_url": url})
    address = urlunsplit(parts._replace(query=urlencode(options)))
    return RedisCounters(address, timeout=timeout, prefix=f"{name}:" if name else "")
