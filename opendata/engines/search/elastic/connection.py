"""The way to the cluster: time limits, other nodes on failure, and a circuit that opens when it is gone."""

import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch, NotFoundError
from elasticsearch.serializer import OrjsonSerializer

from opendata.base.kit.circuit import Circuit
from opendata.base.kit.errors import Unavailable
from opendata.engines.search.elastic.address import Address

log = structlog.get_logger(__name__)

_FAILURES_TO_OPEN = 3
_LONGEST_BACKOFF = 10.0
_BUSY = frozenset({429, 502, 503, 504})
_HELD_CONNECTIONS = 16
_PATIENCE = 4
_APPLYING = 2
"""Times as long as a search."""


class Connection:
    """`reading`, `writing` and `applying` are the official client with the time limits of each; the last is
    for the few documents of a change that somebody waits for, and that are written again if need be.

    All try the other nodes when a connection fails; a write is harmless twice, since sequences decide.
    `patience` is how often a search may be asked that nobody answers in time.
    """

    def __init__(self, address: Address, clock: Callable[[], float] = time.monotonic) -> None:
        tries = max(len(address.hosts), 2)
        self.patience = _PATIENCE if len(address.hosts) > 1 else 1
        self._client = _client(address)
        self._circuit = Circuit(clock, failures=_FAILURES_TO_OPEN)
        self.reading = self._client.options(
            request_timeout=address.timeout,
            max_retries=tries,
            retry_on_status=tuple(_BUSY),
            retry_on_timeout=False,
        )
        self.writing = self._client.options(
            request_timeout=address.write_timeout, max_retries=tries, retry_on_timeout=False
        )
        self.applying = self.writing.options(
            request_timeout=min(address.write_timeout, _APPLYING * address.timeout)
        )

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Faults of the cluster become `Unavailable`; an absent index stays `NotFoundError`."""
        self._circuit.enter()
        try:
            yield
        except NotFoundError:
            self._circuit.succeeded()
            raise
        except (TransportError, ApiError) as error:
            if isinstance(error, TransportError) or error.status_code in _BUSY:
                self._circuit.failed()
            else:
                self._circuit.succeeded()
            log.warning("search.unavailable", error=_described(error))
            raise Unavailable from error
        except BaseException:
            self._circuit.succeeded()
            raise
        else:
            self._circuit.succeeded()

    def close(self) -> None:
        self._client.close()


def _client(address: Address) -> Elasticsearch:
    options: dict[str, Any] = {}
    if address.tls and address.ca_file:
        options["ca_certs"] = address.ca_file
    if address.api_key:
        options["api_key"] = address.api_key
    elif address.user:
        known = f"{address.user}:{address.password or ''}".encode()  # the client itself knows Latin-1 only
        options["headers"] = {"authorization": f"Basic {b64encode(known).decode()}"}
    return Elasticsearch(
        address.urls,
        serializer=OrjsonSerializer(),
        connections_per_node=_HELD_CONNECTIONS,
        dead_node_backoff_factor=0.5,
        max_dead_node_backoff=_LONGEST_BACKOFF,
        retry_backoff_base=0.05,
        retry_backoff_cap=0.4,
        **options,
    )


def _described(error: Exception) -> str:
    """Type and reason, without the address or the body."""
    if isinstance(error, ApiError):
        return f"{error.status_code} {error.message}"[:200]
    return type(error).__name__
