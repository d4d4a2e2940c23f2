"""The guarded client: addresses judged on the socket, redirects through the guard, budgets on everything.

It reads no proxy, certificate or netrc setting of the host's environment and keeps no cookies.
"""

import http.client
import random
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, TypeVar

from urllib3.response import HTTPResponse

from opendata.base.kit.clock import Clock, utc_now
from opendata.base.kit.fetch import errors
from opendata.base.kit.fetch.addresses import AddressPolicy
from opendata.base.kit.fetch.decoding import ACCEPT_ENCODING
from opendata.base.kit.fetch.dial import (
    Connection,
    Deadline,
    Dialer,
    IdleConnections,
    Monotonic,
    Resolver,
    system_resolver,
    tls_context,
)
from opendata.base.kit.fetch.messages import Ask, Document, Response, check_answer
from opendata.base.kit.fetch.naming import named_failures
from opendata.base.kit.fetch.politeness import Hosts, Politeness, backoff, retry_after
from opendata.base.kit.fetch.urls import Url, join_url, parse_url

T = TypeVar("T")

REDIRECTS = 5
PATIENCE = 60.0
"""Seconds between two tries at most: who is asked to wait for longer is told, and may do something else."""
_REDIRECT = frozenset({301, 302, 303, 307, 308})
_ONE_ASK = Ask()
_POLITE = Politeness()


class Fetcher:
    """Thread-safe. `policy` comes from the operator's file; tests hold clock, sleep and resolver."""

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        user_agent: str,
        extra_ca: Path | None = None,
        politeness: Politeness = _POLITE,
        clock: Monotonic = time.monotonic,
        now: Clock = utc_now,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[float, float], float] = random.uniform,
        resolver: Resolver = system_resolver,
    ) -> None:
        self._dialer = Dialer(policy, tls_context(extra_ca), clock, resolver)
        self._user_agent = user_agent
        self._hosts = Hosts(politeness, clock, sleep)
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._jitter = jitter
        self._idle = IdleConnections()

    def get(self, url: str, ask: Ask = _ONE_ASK) -> Response:
        """The final answer (2xx or 304) after redirects, its body unread. Raises FetchError."""
        response, _ = self._insisting(url, ask, lambda response: response)
        return response

    def read(self, url: str, ask: Ask = _ONE_ASK) -> Document:
        """The whole body in memory; an answer cut on the way is asked for again. Raises FetchError."""
        document, tries = self._insisting(url, ask, _read)
        return _with_tries(document, tries)

    def save(self, url: str, file: BinaryIO, ask: Ask = _ONE_ASK) -> Document:
        """The whole body written to `file` from its start, which is rewound. Raises FetchError."""
        document, tries = self._insisting(url, ask, lambda response: _save(response, file))
        return _with_tries(document, tries)

    def close(self) -> None:
        """Close idle connections."""
        self._idle.close()

    def _insisting(self, url: str, ask: Ask, consume: Callable[[Response], T]) -> tuple[T, int]:
        address = parse_url(url)
        for attempt in range(1, ask.tries + 1):
            try:
                return consume(self._following(address, ask)), attempt
            except errors.FetchError as failure:
                asked = failure.wait or 0.0
                if not failure.again or attempt == ask.tries or asked > PATIENCE:
                    raise
                wait = failure.wait if failure.wait is not None else backoff(attempt, self._jitter)
            self._sleep(wait)
        raise AssertionError("tries is at least 1")

    def _following(self, url: Url, ask: Ask) -> Response:
        deadline = Deadline(ask.seconds, self._clock)
        public_only = False
        for _ in range(REDIRECTS + 1):
            response, public = self._exchange(url, ask, deadline, public_only=public_only)
            if response.status not in _REDIRECT:
                return self._accepted(response, ask)
            response.close()
            if ask.body is not None:
                raise errors.SourceFailed(str(url), "a body is not redirected", answer=response.status)
            public_only = public_only or public
            url = _target(url, response)
        raise errors.SourceFailed(str(url), "too many redirects")

    def _exchange(
        self, url: Url, ask: Ask, deadline: Deadline, *, public_only: bool
    ) -> tuple[Response, bool]:
        with ExitStack() as turn:
            waiting = self._clock()
            turn.enter_context(self._hosts.turn(url.host))
            deadline.extend(self._clock() - waiting)
            with named_failures(str(url)):
                connection, raw = self._send(url, ask, deadline, public_only=public_only)
            done = turn.pop_all()

        def release(reusable: bool) -> None:
            self._idle.put(connection) if reusable else connection.close()
            done.close()

        try:
            return Response(url, raw, ask, release), connection.public
        except BaseException:
            release(False)
            raise

    def _send(
        self, url: Url, ask: Ask, deadline: Deadline, *, public_only: bool
    ) -> tuple[Connection, HTTPResponse]:
        headers = self._headers(url, ask)
        connection = self._idle.take(url.origin, public_only=public_only) if ask.body is None else None
        if connection is not None:
            try:
                return connection, _request(connection, url, ask, headers, deadline)
            except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError):
                connection.close()  # the peer had closed it while it was idle
        connection = self._dialer.open(url, deadline, public_only=public_only)
        try:
            return connection, _request(connection, url, ask, headers, deadline)
        except BaseException:
            connection.close()
            raise

    def _headers(self, url: Url, ask: Ask) -> dict[str, str]:
        headers = {
            "User-Agent": self._user_agent,
            "Accept": ", ".join(wanted for wanted in ask.accept if not wanted.startswith("+")),
            "Accept-Encoding": ACCEPT_ENCODING,
        }
        if ask.body is not None:
            headers["Content-Type"] = ask.content_type
        if ask.etag:
            headers["If-None-Match"] = ask.etag
        if ask.last_modified:
            headers["If-Modified-Since"] = ask.last_modified
        if ask.credentials:
            headers.update(ask.credentials.for_origin(url.origin))
        return headers

    def _accepted(self, response: Response, ask: Ask) -> Response:
        try:
            check_answer(response, ask, retry_after(response.headers.get("retry-after"), self._now))
        except BaseException:
            response.close()
            raise
        return response


def _request(
    connection: Connection, url: Url, ask: Ask, headers: Mapping[str, str], deadline: Deadline
) -> HTTPResponse:
    connection.begin(deadline)
    connection.http.request(
        ask.method, url.target, body=ask.body, headers=headers, preload_content=False, decode_content=False
    )
    return connection.http.getresponse()


def _target(url: Url, response: Response) -> Url:
    location = response.headers.get("location")
    if not location:
        raise errors.SourceFailed(str(url), "redirect without a location", answer=response.status)
    return join_url(url, location.encode("latin-1", "replace").decode("utf-8", "replace"))


def _read(response: Response) -> Document:
    with response:
        body = response.read()
    return Document(response.status, response.url, response.headers, body, len(body))


def _save(response: Response, file: BinaryIO) -> Document:
    file.seek(0)
    file.truncate()
    with response:
        for piece in response.chunks():
            file.write(piece)
    size = file.tell()
    file.seek(0)
    return Document(response.status, response.url, response.headers, b"", size)


def _with_tries(document: Document, tries: int) -> Document:
    return Document(document.status, document.url, document.headers, document.body, document.size, tries)
