"""What tests leave on the servers, removed beside the tests that follow."""

import contextlib
import queue
import threading
import urllib.request

import psycopg

from opendata.testing.databases import drop_databases

_AT_ONCE = 20
"""To remove one index costs the cluster as much as to remove twenty."""


class Leftovers:
    """Databases and indexes by the name of their installation."""

    def __init__(self, postgresql: str, elastic: str) -> None:
        self._postgresql, self._elastic = postgresql, elastic
        self._names: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._remove_until_closed, name="leftovers", daemon=True)
        self._thread.start()

    def add(self, name: str) -> None:
        self._names.put(name)

    def close(self) -> None:
        """What is left now goes with the servers."""
        self._names.put(None)
        self._thread.join()

    def _remove_until_closed(self) -> None:
        held: list[str] = []
        while (name := self._names.get()) is not None:
            held.append(name)
            if len(held) >= _AT_ONCE:
                self._remove(held)
                held.clear()

    def _remove(self, names: list[str]) -> None:
        with contextlib.suppress(psycopg.Error):  # a server that is busy, here and below
            drop_databases(self._postgresql, names)
        with contextlib.suppress(OSError):
            remove_indexes(self._elastic, *names)


def remove_indexes(elastic: str, *names: str) -> None:
    """All generations of the indexes of these installations; `elastic` is host:port. Raises `OSError`."""
    which = ",".join(f"{name}-*" for name in names)
    asked = urllib.request.Request(f"http://{elastic}/{which}", method="DELETE")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(asked, timeout=60).close()
