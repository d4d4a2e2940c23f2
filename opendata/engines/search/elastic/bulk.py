"""Many writes in few requests: bounded, repeated where the cluster is busy, judged item by item."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from opendata.base.kit.errors import Unavailable
from opendata.engines.search.protocol import DocumentsRefused

MAX_BYTES = 4_000_000
MAX_ITEMS = 1_000
_TRIES = 6
_FIRST_PAUSE = 0.1
_CREATED_OR_UPDATED = (200, 201)
_OLDER_THAN_HELD = 409
_BUSY = (429, 503)

Line = bytes
"""Action and document of one write, each with its line break."""


class MissingIndex(Exception):
    """The alias that was to be written through is not there."""


def send_all(
    client: Elasticsearch,
    alias: str,
    lines: Iterable[Line],
    *,
    visible: bool = False,
    side_by_side: int = 1,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Write through an alias; what is older than what the index holds is ignored.

    `lines` is read no faster than the cluster takes it. `visible`: to searches before returning. Raises
    `DocumentsRefused` after all else is written, `MissingIndex`, or `Unavailable` when the cluster stays
    busy.
    """
    refused: dict[str, str] = {}

    def send(chunk: Sequence[Line]) -> None:
        refused.update(_send(client, alias, chunk, sleep, refresh=visible))

    if side_by_side == 1:
        for chunk in _chunks(lines):
            send(chunk)
    else:
        _send_side_by_side(send, _chunks(lines), side_by_side)
    if refused:
        raise DocumentsRefused(refused)


def _send_side_by_side(
    send: Callable[[Sequence[Line]], None], chunks: Iterator[Sequence[Line]], workers: int
) -> None:
    with ThreadPoolExecutor(workers, "bulk") as pool:
        running: set[Future[None]] = set()
        try:
            for chunk in chunks:
                running.add(pool.submit(send, chunk))
                if len(running) > workers:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    _raise_first(done)
        finally:
            done, _ = wait(running)
        _raise_first(done)


def _raise_first(done: Iterable[Future[None]]) -> None:
    for future in done:
        future.result()


def _send(
    client: Elasticsearch,
    alias: str,
    lines: Sequence[Line],
    sleep: Callable[[float], None],
    *,
    refresh: bool,
) -> dict[str, str]:
    """Reasons by id of what was refused for good."""
    refused: dict[str, str] = {}
    pause = _FIRST_PAUSE
    for _ in range(_TRIES):
        busy: list[Line] = []
        for line, outcome in zip(lines, _post(client, alias, lines, refresh=refresh), strict=True):
            status = outcome["status"]
            if status in _CREATED_OR_UPDATED or status == _OLDER_THAN_HELD:
                continue
            if status in _BUSY:
                busy.append(line)
            elif _is_missing_index(outcome):
                raise MissingIndex(alias)
            else:
                refused[outcome["_id"]] = str(outcome["error"].get("reason", status))
        if not busy:
            return refused
        lines = busy
        sleep(pause)
        pause *= 2
    raise Unavailable


def _post(client: Elasticsearch, alias: str, lines: Sequence[Line], *, refresh: bool) -> list[dict[str, Any]]:
    """The outcome of each item, in order. A request refused as a whole is one where all are busy."""
    body: Any = [b"".join(lines)]
    try:
        answer = client.bulk(
            index=alias, operations=body, require_alias=True, refresh=refresh, filter_path=_OUTCOMES
        )
    except ApiError as error:
        if error.status_code not in _BUSY:
            raise
        return [{"status": error.status_code}] * len(lines)
    return [item["index"] for item in answer["items"]]


_OUTCOMES = "items.*.status,items.*._id,items.*.error.type,items.*.error.reason"


def _is_missing_index(outcome: Mapping[str, Any]) -> bool:
    return bool(outcome["status"] == 404 or outcome["error"].get("type") == "index_not_found_exception")


def _chunks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    chunk: list[Line] = []
    size = 0
    for line in lines:
        if chunk and (size + len(line) > MAX_BYTES or len(chunk) >= MAX_ITEMS):
            yield chunk
            chunk, size = [], 0
        chunk.append(line)
        size += len(line)
    if chunk:
        yield chunk
