"""Connections that judge the numeric address they dial and obey one deadline from name to last byte."""

import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

from opendata.base.kit.fetch.addresses import Address, AddressPolicy, is_public, parse_address, unwrapped
from opendata.base.kit.fetch.errors import BlockedAddress, NameUnknown, TooSlow, Unreachable
from opendata.base.kit.fetch.urls import Url

Monotonic = Callable[[], float]
#: From host and seconds left to numeric addresses, in the order to try. Raises OSError or TimeoutError.
Resolver = Callable[[str, float], Sequence[str]]

CONNECT_SECONDS = 10.0


class Deadline:
    """A point on the monotonic clock by which everything has to be over."""

    def __init__(self, seconds: float, clock: Monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def extend(self, seconds: float) -> None:
        """Give back time that was spent waiting for one's turn."""
        self._end += seconds

    def left(self) -> float:
        """Seconds left. Raises TimeoutError when there are none."""
        seconds = self._end - self._clock()
        if seconds <= 0:
            raise TimeoutError("deadline")
        return seconds


class _Timed:
    """A socket whose every read gets only the time that is left, however slowly the bytes drip."""

    deadline: Deadline | None = None

    def recv_into(self, *arguments: Any) -> int:
        if self.deadline is not None:
            self.settimeout(self.deadline.left())  # type: ignore[attr-defined]
        count: int = super().recv_into(*arguments)  # type: ignore[misc]
        return count


class _TimedSocket(_Timed, socket.socket):
    pass


class _TimedTlsSocket(_Timed, ssl.SSLSocket):
    pass


def system_resolver(host: str, seconds: float) -> Sequence[str]:
    """The system's resolver, left behind in its thread when it takes longer than `seconds`."""
    answer: SimpleQueue[Sequence[str] | OSError | UnicodeError] = SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            answer.put([str(entry[4][0]) for entry in found])
        except (OSError, UnicodeError) as error:
            answer.put(error)

    threading.Thread(target=ask, daemon=True, name="resolver").start()
    try:
        result = answer.get(timeout=seconds)
    except Empty as error:
        raise TimeoutError("resolver") from error
    if isinstance(result, Exception):
        raise OSError(str(result)) from result
    return result


def tls_context(extra_ca: Path | None = None) -> ssl.SSLContext:
    """Chain and name are verified, always.

    The environment of the host cannot point to other authorities; the operator's file can add some.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    built_in = ssl.get_default_verify_paths()
    bundle, folder = Path(built_in.openssl_cafile), Path(built_in.openssl_capath)
    if bundle.is_file() or folder.is_dir():
        context.load_verify_locations(
            cafile=str(bundle) if bundle.is_file() else None, capath=str(folder) if folder.is_dir() else None
        )
    else:
        context.load_default_certs()
    if extra_ca:
        context.load_verify_locations(cafile=str(extra_ca))
    context.sslsocket_class = _TimedTlsSocket
    return context


@dataclass(frozen=True, slots=True)
class Dialer:
    """Resolves once, judges every address of the answer, and dials only one that passed."""

    policy: AddressPolicy
    tls: ssl.SSLContext
    clock: Monotonic
    resolver: Resolver = system_resolver

    def open(self, url: Url, deadline: Deadline, *, public_only: bool) -> "Connection":
        """An open connection to the URL's origin. Raises FetchError."""
        return Connection(url, self, deadline, public_only=public_only)

    def connect(self, url: Url, deadline: Deadline, *, public_only: bool) -> tuple[_TimedSocket, Address]:
        candidates = self._candidates(url, deadline)
        allowed = []
        refusal: str | None = None
        for address in candidates:
            reason = self.policy.refusal(address, url.port, public_only=public_only)
            refusal = refusal or reason
            if reason is None:
                allowed.append(unwrapped(address))
        if not allowed:
            raise BlockedAddress(str(url.origin), refusal or "no address")
        return self._first_that_answers(allowed, url, deadline)

    def _candidates(self, url: Url, deadline: Deadline) -> list[Address]:
        numeric = parse_address(url.host)
        if numeric:
            return [numeric]
        try:
            texts = self.resolver(url.host, deadline.left())
        except TimeoutError as error:
            raise TooSlow(url.origin, "name resolution") from error
        except OSError as error:
            raise NameUnknown(url.origin, "no such name") from error
        return [address for text in texts if (address := parse_address(text))]

    def _first_that_answers(
        self, addresses: list[Address], url: Url, deadline: Deadline
    ) -> tuple[_TimedSocket, Address]:
        failure: OSError | None = None
        for address in dict.fromkeys(addresses):
            try:
                return self._dial(address, url.port, deadline), address
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise TooSlow(url.origin, "connecting") from failure
        raise Unreachable(url.origin, getattr(failure, "strerror", "") or "") from failure

    def _dial(self, address: Address, port: int, deadline: Deadline) -> _TimedSocket:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        opened = _TimedSocket(family, socket.SOCK_STREAM)
        try:
            opened.settimeout(min(CONNECT_SECONDS, deadline.left()))
            opened.connect((str(address), port))
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.settimeout(deadline.left())
        except BaseException:
            opened.close()
            raise
        return opened


class Connection:
    """One connection to one origin, reusable for requests that follow each other.

    `public` tells whether the peer is a public host: what it redirects to must be public too.
    """

    def __init__(self, url: Url, dialer: Dialer, deadline: Deadline, *, public_only: bool) -> None:
        self.public_only = public_only
        self.origin = url.origin
        self._url = url
        self._dialer = dialer
        self._deadline = deadline
        self._address: Address | None = None
        self.http = self._make()

    @property
    def public(self) -> bool:
        return self._address is not None and is_public(self._address)

    @property
    def alive(self) -> bool:
        """Open, and the peer has neither closed it nor sent anything unasked."""
        return self.http.is_connected

    def begin(self, deadline: Deadline) -> None:
        """Put the connection under the deadline of the next request, dialling if it is not open."""
        self._deadline = deadline
        self.http.timeout = deadline.left()
        if self.http.sock is None:
            self.http.connect()
        self.http.sock.deadline = deadline  # type: ignore[union-attr]

    def close(self) -> None:
        self.http.close()

    def _new_socket(self) -> socket.socket:
        opened, self._address = self._dialer.connect(self._url, self._deadline, public_only=self.public_only)
        return opened

    def _make(self) -> HTTPConnection:
        if self._url.scheme == "https":
            secure = _SecureConnection(self._url.host, self._url.port, ssl_context=self._dialer.tls)
            secure.new_socket = self._new_socket
            return secure
        plain = _PlainConnection(self._url.host, self._url.port)
        plain.new_socket = self._new_socket
        return plain


class _PlainConnection(HTTPConnection):
    new_socket: Callable[[], socket.socket]

    def _new_conn(self) -> socket.socket:
        return self.new_socket()


class _SecureConnection(HTTPSConnection):
    new_socket: Callable[[], socket.socket]

    def _new_conn(self) -> socket.socket:
        return self.new_socket()


class IdleConnections:
    """Open connections that wait for the next request to their origin."""

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, bool], list[Connection]] = {}

    def take(self, origin: str, *, public_only: bool) -> Connection | None:
        while True:
            with self._lock:
                waiting = self._kept.get((origin, public_only))
                connection = waiting.pop() if waiting else None
            if connection is None or connection.alive:
                return connection
            connection.close()

    def put(self, connection: Connection) -> None:
        with self._lock:
            kept = self._kept.setdefault((connection.origin, connection.public_only), [])
            keep = connection.alive and len(kept) < self._most
            if keep:
                kept.append(connection)
        if not keep:
            connection.close()

    def close(self) -> None:
        with self._lock:
            connections = [connection for kept in self._kept.values() for connection in kept]
            self._kept.clear()
        for connection in connections:
            connection.close()
