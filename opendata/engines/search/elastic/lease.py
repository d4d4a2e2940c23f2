"""The right to rebuild: one document in the cluster that its holder keeps renewing."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, BadRequestError, ConflictError, Elasticsearch, NotFoundError

from opendata.base.kit.errors import Conflict

LASTS = 60.0
RENEWED_EVERY = 10.0
_DOCUMENT = "rebuild"
_MAPPING: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {"owner": {"type": "keyword"}, "until": {"type": "double"}},
}
_SETTINGS = {"number_of_shards": 1, "auto_expand_replicas": "0-1"}


class Lease:
    """Times are those of the holders' clocks, so they should agree within some seconds."""

    def __init__(self, client: Elasticsearch, index: str, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._index = index
        self._clock = clock
        self._owner = uuid.uuid4().hex
        self._held: tuple[int, int] | None = None
        self._lock = threading.Lock()

    @contextmanager
    def held(self) -> Iterator["Lease"]:
        """Raises `Conflict` while another holds it."""
        self._take()
        ended = threading.Event()
        renewing = threading.Thread(target=self._keep, args=(ended,), daemon=True)
        renewing.start()
        try:
            yield self
        finally:
            ended.set()
            renewing.join()
            self._give_back()

    def confirm(self) -> None:
        """Renew now. Raises `Conflict` when it was lost."""
        with self._lock:
            if self._held is None:
                raise Conflict
            try:
                self._write(self._held)
            except ConflictError as error:
                self._held = None
                raise Conflict from error

    def is_held(self) -> bool:
        """By anybody."""
        try:
            return bool(self._read()["_source"]["until"] > self._clock())
        except NotFoundError:
            return False

    def _take(self) -> None:
        try:
            found = self._read()
        except NotFoundError:
            with suppress(BadRequestError):  # it exists already
                self._client.indices.create(index=self._index, mappings=_MAPPING, settings=_SETTINGS)
            found = None
        if found and found["_source"]["until"] > self._clock():
            raise Conflict
        try:
            with self._lock:
                self._write((found["_seq_no"], found["_primary_term"]) if found else None)
        except ConflictError as error:
            raise Conflict from error

    def _read(self) -> Any:
        return self._client.get(index=self._index, id=_DOCUMENT)

    def _write(self, over: tuple[int, int] | None) -> None:
        condition: dict[str, Any] = {"op_type": "create"}
        if over is not None:
            condition = {"if_seq_no": over[0], "if_primary_term": over[1]}
        document = {"owner": self._owner, "until": self._clock() + LASTS}
        done = self._client.index(index=self._index, id=_DOCUMENT, document=document, **condition)
        self._held = (done["_seq_no"], done["_primary_term"])

    def _keep(self, ended: threading.Event) -> None:
        while not ended.wait(RENEWED_EVERY):
            with suppress(Conflict, ApiError, TransportError):  # the holder notices when it confirms
                self.confirm()

    def _give_back(self) -> None:
        with self._lock:
            if self._held is None:
                return
            number, term = self._held
            self._held = None
        with suppress(ApiError, TransportError):  # it runs out by itself
            self._client.delete(index=self._index, id=_DOCUMENT, if_seq_no=number, if_primary_term=term)
