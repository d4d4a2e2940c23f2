"""Counters on Redis, shared by all hosts: one script, one trip.

The server's clock counts, so hosts need not agree on the time.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from opendata.engines.counters import cells as arithmetic
from opendata.engines.counters.cells import State
from opendata.engines.counters.protocol import BATCH_SECONDS, Cell, CountersUnavailable, Seconds, Taken

TIMEOUT = 0.05
"""Seconds a request may wait for Redis before it counts by itself."""
_KINDS = {"gcra": 0, "sliding": 1, "calendar": 2}

_PARTS = """
local SLACK = 0.001
local function present(text)
  if text ~= '' then return tonumber(text) end
  local t = redis.call('TIME')
  return t[1] + t[2] / 1000000
end
local function state_of(text)
  if not text then return 0, 0, 0 end
  local a, b, c = string.match(text, '(%S+) (%S+) (%S+)')
  return tonumber(a), tonumber(b), tonumber(c)
end
local function rolled(span, a, b, c, now)
  local index = math.floor(now / span)
  if a == index then return a, b, c end
  if a == index - 1 then return index, 0, b end
  return index, 0, 0
end
local function free(kind, limit, span, a, b, c, now)
  if kind == 0 then return math.floor((now + limit * span - math.max(a, now)) / span + SLACK) end
  if kind == 1 then
    local _, current, previous = rolled(span, a, b, c, now)
    return limit - math.ceil(current + previous * (1 - (now % span) / span) - SLACK)
  end
  if b > now then return limit - a end
  return limit
end
local function added(kind, span, a, b, c, now, amount)
  if kind == 0 then
    if amount > 0 then return math.max(a, now) + amount * span, 0, 0 end
    return a + amount * span, 0, 0
  end
  if kind == 1 then
    local index, current, previous = rolled(span, a, b, c, now)
    return index, math.max(0, current + amount), previous
  end
  if b > now then return math.max(0, a + amount), b, 0 end
  return math.max(0, amount), span, 0
end
local function keep(key, kind, span, a, b, c, now)
  local ends = b
  if kind == 0 then ends = a + 1 end
  if kind == 1 then ends = (a + 2) * span end
  local text = string.format('%.17g %.17g %.17g', a, b, c)
  redis.call('SET', key, text, 'PX', math.max(1, math.ceil((ends - now) * 1000)))
  return text
end
"""

_TAKE = (
    _PARTS
    + """
local need, want, back = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = present(ARGV[4])
local texts = redis.call('MGET', unpack(KEYS))
local cells, give = {}, want
for i = 1, #KEYS do
  local at = 4 + (i - 1) * 5
  local kind, limit, span = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local weight, hard = tonumber(ARGV[at + 4]), ARGV[at + 5] == '1'
  local a, b, c = state_of(texts[i])
  if back > 0 and weight > 0 then a, b, c = added(kind, span, a, b, c, now, -back * weight) end
  if hard then
    local left = free(kind, limit, span, a, b, c, now)
    if weight == 0 then
      if left < 1 then give = 0 end
    else
      give = math.min(give, math.floor(left / weight))
    end
  end
  cells[i] = {kind, span, weight, a, b, c}
end
if give < need then give = 0 end
local answer = {give, string.format('%.6f', now)}
for i = 1, #KEYS do
  local kind, span, weight, a, b, c = unpack(cells[i])
  if give > 0 and weight > 0 then a, b, c = added(kind, span, a, b, c, now, give * weight) end
  if (give > 0 or back > 0) and weight > 0 then
    answer[i + 2] = keep(KEYS[i], kind, span, a, b, c, now)
  else
    answer[i + 2] = string.format('%.17g %.17g %.17g', a, b, c)
  end
end
return answer
"""
)

_SPEND = (
    _PARTS
    + """
local now, first = present(ARGV[1]), 1
if ARGV[2] ~= '' then
  if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[2]) then return 0 end
  first = 2
end
for i = first, #KEYS do
  local at = 2 + (i - first) * 3
  local kind, span, amount = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local a, b, c = state_of(redis.call('GET', KEYS[i]))
  a, b, c = added(kind, span, a, b, c, now, amount)
  keep(KEYS[i], kind, span, a, b, c, now)
end
return 1
"""
)

_ENTER = (
    _PARTS
    + """
local limit, holder, seconds, now = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), present(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local others = redis.call('ZCARD', KEYS[1])
if redis.call('ZSCORE', KEYS[1], holder) then others = others - 1 end
if others >= limit then return -1 end
redis.call('ZADD', KEYS[1], now + seconds, holder)
redis.call('PEXPIRE', KEYS[1], math.ceil(seconds * 1000) + 1000)
return limit - others - 1
"""
)


class RedisCounters:
    """`timeout` in seconds bounds every trip; nothing is tried twice."""

    def __init__(
        self, url: str, *, clock: Seconds | None = None, timeout: float = TIMEOUT, prefix: str = ""
    ) -> None:
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self._clock = clock
        self._prefix = prefix
        self._take = self._client.register_script(_TAKE)
        self._spend = self._client.register_script(_SPEND)
        self._enter = self._client.register_script(_ENTER)

    def take(self, cells: Sequence[Cell], need: int = 1, want: int = 1, *, back: int = 0) -> Taken:
        arguments: list[str] = [str(need), str(want), str(back), self._now()]
        for cell in cells:
            kind = str(_KINDS[cell.algorithm])
            arguments += kind, str(cell.limit), repr(float(cell.span)), str(cell.weight), str(int(cell.hard))
        answer = _tried(lambda: self._take(keys=self._keys(cells), args=arguments))
        states = [_state(text) for text in answer[2:]]
        return Taken(int(answer[0]), arithmetic.readings(cells, states, float(answer[1]), need))

    def spend(self, charges: Sequence[tuple[Cell, int]], *, once: str = "") -> bool:
        keys = self._keys([cell for cell, _ in charges])
        arguments = [self._now(), str(int(BATCH_SECONDS)) if once else ""]
        for cell, amount in charges:
            arguments += str(_KINDS[cell.algorithm]), repr(float(cell.span)), str(amount)
        if once:
            keys = [f"{self._prefix}batch:{once}", *keys]
        return bool(_tried(lambda: self._spend(keys=keys, args=arguments)))

    def peek(self, cells: Sequence[Cell], need: int = 1) -> Taken:
        return Taken(0, self.take(cells, need, 0).readings)

    def enter(self, slots: str, limit: int, holder: str, seconds: float) -> int | None:
        arguments = [str(limit), holder, repr(float(seconds)), self._now()]
        left = int(_tried(lambda: self._enter(keys=[self._prefix + slots], args=arguments)))
        return None if left < 0 else left

    def leave(self, slots: str, holder: str) -> None:
        _tried(lambda: self._client.zrem(self._prefix + slots, holder))

    def describe(self) -> str:
        return f"Redis {_tried(lambda: self._client.info('server'))['redis_version']}"

    def forget(self, keys: Sequence[str]) -> None:
        if keys:
            _tried(lambda: self._client.delete(*(self._prefix + key for key in keys)))

    def check(self) -> bool:
        try:
            return bool(_tried(self._client.ping))
        except CountersUnavailable:
            return False

    def close(self) -> None:
        self._client.close()

    def _keys(self, cells: Sequence[Cell]) -> list[str]:
        return [self._prefix + cell.key for cell in cells]

    def _now(self) -> str:
        return "" if self._clock is None else repr(float(self._clock()))


def _tried(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (redis.RedisError, OSError) as error:
        raise CountersUnavailable from error


def _state(text: str) -> State:
    return cast("State", tuple(map(float, text.split())))
