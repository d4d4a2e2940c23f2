"""A TCP proxy that stands between a client and a server and makes the way slow, deaf or broken."""

import contextlib
import socket
import threading
import time
from typing import Self


class DelayProxy:
    """Serves on `port` while it is a context manager. Change `delay` (seconds each piece waits, in each
    direction), `hung` (pieces wait until it ends) and `refusing` (new connections are closed) at any time.
    """

    def __init__(self, target_port: int, *, delay: float = 0.0) -> None:
        self.delay = delay
        self.refusing = False
        self._target = ("127.0.0.1", target_port)
        self._flowing = threading.Event()
        self._flowing.set()
        self._connections: set[socket.socket] = set()
        self._closed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @property
    def hung(self) -> bool:
        return not self._flowing.is_set()

    @hung.setter
    def hung(self, value: bool) -> None:
        if value:
            self._flowing.clear()
        else:
            self._flowing.set()

    def reset(self) -> None:
        """Cut every open connection."""
        for connection in list(self._connections):
            _close(connection)

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        self._flowing.set()
        _close(self._listener)
        self.reset()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refusing:
                _close(client)
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target, timeout=10)
        except OSError:
            _close(client)
            return
        server.settimeout(None)
        self._connections |= {client, server}
        back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
        back.start()
        self._pump(client, server)
        back.join()
        self._connections -= {client, server}

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while piece := source.recv(1 << 16):
                if self.delay:
                    time.sleep(self.delay)
                self._flowing.wait()
                sink.sendall(piece)
        except OSError:
            pass
        finally:
            _close(source)
            _close(sink)


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
