"""Answers made for anonymous readers, kept in memory while what they were made from stands.

Only what shared caches may store as well is kept, and no longer than they may: a minute at most, so that
what an answer says about today (freshness, "this year") is as old as theirs at worst. A change of the
catalogue is seen at once, because `made_from` names the state an answer was made from. What stands in while
the database is away is another thing: see `last_answers`.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from math import inf

from flask import Response, current_app, g, request

from opendata.doors.http import answers
from opendata.doors.http.context import caller, is_reduced, language, platform

EXTENSION = "opendata.remembered"
CAPACITY = 24 << 20
LARGEST = 256 << 10


@dataclass(frozen=True, slots=True)
class Kept:
    body: bytes
    content_type: str
    etag: str
    at: float = field(default_factory=time.monotonic)
    headers: tuple[tuple[str, str], ...] = ()
    varied: tuple[tuple[str, str | None], ...] = ()
    """Request headers, by name, that it is the answer to."""


class Remembered:
    """The most recently asked answers, `capacity` bytes of bodies in all."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._held: OrderedDict[Hashable, Kept] = OrderedDict()
        self._size = 0
        self._cleared = float("-inf")
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Kept | None:
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def put(self, key: Hashable, kept: Kept, *, began: float = inf) -> None:
        """`began`: when its request did, by `time.perf_counter`; what is older than the last `clear` may
        hold what was cleared."""
        if len(kept.body) > min(LARGEST, self._capacity):
            return
        with self._lock:
            if began <= self._cleared:
                return
            before = self._held.pop(key, None)
            self._held[key] = kept
            self._size += len(kept.body) - (len(before.body) if before else 0)
            while self._size > self._capacity:
                self._size -= len(self._held.popitem(last=False)[1].body)

    def drop(self, key: Hashable) -> None:
        with self._lock:
            before = self._held.pop(key, None)
            self._size -= len(before.body) if before else 0

    def clear(self) -> None:
        with self._lock:
            self._held.clear()
            self._size = 0
            self._cleared = time.perf_counter()


def answer(make: Callable[[], Response], *, made_from: Hashable, vary: str = "") -> Response:
    """What `make` answers to this address, from memory where an anonymous reader asks again.

    `vary` names request headers, besides language and cookie, that the answer depends on.
    """
    if caller().kind != "anonymous" or request.method not in {"GET", "HEAD"}:
        return make()
    memory: Remembered = current_app.extensions.setdefault(EXTENSION, Remembered())
    key = (
        request.path,
        request.query_string,
        language(),
        tuple(request.headers.get(name.strip()) for name in vary.split(",") if name.strip()),
        made_from,
        int(platform().clock().timestamp() // answers.PUBLIC_SECONDS),
    )
    if (kept := memory.get(key)) is not None:
        g.from_memory = True
        return answers.cached(kept.body, kept.content_type, etag=kept.etag, vary=vary)
    response = make()
    if may_be_kept(response):
        etag, _weak = response.get_etag()
        memory.put(key, Kept(response.get_data(), response.content_type or "", etag or ""))
    return response


def may_be_kept(response: Response) -> bool:
    """What `answers` made public; a page with a form belongs to its visitor."""
    return (
        response.status_code == 200
        and response.headers.get("Cache-Control", "").startswith("public")
        and "form_token" not in g
        and not response.direct_passthrough
        and not is_reduced()
    )
