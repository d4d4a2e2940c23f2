"""The product as a city runs it: web and worker processes on servers of their own, each of which may be
killed, frozen or made slow.

    with Stand(folder) as stand, stand.load(stand.questions()) as load:
        with stand.fault("redis", "hung"):
            ...
    load.calls
"""

import http.client
import json
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil

from opendata.base.models import Dataset, HarvestRun, migrations
from opendata.base.runtime import SYSTEM, outbox
from opendata.base.runtime.database import connect
from opendata.services.catalog import indexing
from opendata.testing.servers import DelayProxy, ElasticNode, PostgresServer, RedisServer, S3Server, Server
from opendata.testing.web import build_city

SLOW = {"elasticsearch": 1.2, "redis": 0.2, "postgresql": 0.1, "s3": 0.3}
"""Seconds that each piece takes more, in each direction. Search is too slow then for its time limit of two
seconds and Redis for that of its counters; the others are waited for."""
TIMEOUT = 30.0


class Web(Server):
    """`opendata serve` with its children."""

    name = "web"
    start_seconds = 120.0

    def __init__(self, folder: Path, config: Path, *, workers: int = 2) -> None:
        super().__init__(folder)
        self._config, self._workers = config, workers

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str | Path]:
        options = ("--port", str(self.port), "--workers", str(self._workers))
        return [sys.executable, "-m", "opendata", "--config", self._config, "serve", *options]

    def ready(self) -> bool:
        return ask(self.port, "/health/live").status == 200

    def children(self) -> list[psutil.Process]:
        """The processes that answer."""
        return self.family()[1:]


class JobWorker(Server):
    """`opendata worker`."""

    name = "worker"
    start_seconds = 120.0

    def __init__(self, folder: Path, config: Path) -> None:
        super().__init__(folder)
        self._config, self._told = config, 0

    @property
    def url(self) -> str:
        raise NotImplementedError("nobody asks a worker")

    def command(self) -> Sequence[str | Path]:
        return [sys.executable, "-m", "opendata", "--config", self._config, "worker"]

    def launch(self) -> None:
        if not self.running:
            self._told = self.log.stat().st_size if self.log.exists() else 0
        super().launch()

    def ready(self) -> bool:
        return b"worker.started" in self.log.read_bytes()[self._told :]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    port: int,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = TIMEOUT,
) -> Answer:
    """On a connection of its own, so that any process may take it. Raises `OSError`, `HTTPException`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        return _asked(connection, path, method=method, headers=headers, body=body)
    finally:
        connection.close()


def _asked(
    connection: http.client.HTTPConnection,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    connection.request(method, path, body=body, headers=dict(headers or {}))
    answer = connection.getresponse()
    return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def _asked_again(connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str]) -> Answer:
    """On a new connection where the server has closed the one that was kept: a client may repeat what is
    safe (RFC 9110 §9.2.2), and all do."""
    kept = connection.sock is not None
    try:
        return _asked(connection, path, headers=headers)
    except (ConnectionError, http.client.RemoteDisconnected):
        connection.close()
        if not kept:
            raise
        return _asked(connection, path, headers=headers)


@dataclass(frozen=True, slots=True)
class Question:
    """`fresh` makes every asking another question, which nobody has the answer to in memory."""

    name: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """`status` is 0 where no whole answer came: the connection was cut or the time was up. `refused` where
    there was not even one."""

    name: str
    status: int
    seconds: float
    at: float
    headers: Mapping[str, str] = field(default_factory=dict)
    refused: bool = False


class Load:
    """Asks the questions in turn, from some threads, until it is left. A thread that `keeps` its connection
    opens another after twenty calls."""

    def __init__(
        self,
        port: int,
        questions: Sequence[Question],
        *,
        threads: int = 3,
        pause: float = 0.02,
        timeout: float = TIMEOUT,
        keeps: bool = True,
    ) -> None:
        self.calls: list[Call] = []
        self._port, self._questions, self._pause = port, questions, pause
        self._timeout, self._keeps = timeout, keeps
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._go, args=(number,)) for number in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _go(self, first: int) -> None:
        number, connection = first, None
        while not self._stopping.wait(self._pause):
            number += 1
            if connection is None or number % 20 == 0 or not self._keeps:
                connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._timeout)
            if not self._ask(connection, number):
                connection = None

    def _ask(self, connection: http.client.HTTPConnection, number: int) -> bool:
        asked = self._questions[number % len(self._questions)]
        path = f"{asked.path}{number}" if asked.fresh else asked.path
        began, refused = time.monotonic(), False
        try:
            answer = _asked_again(connection, path, asked.headers)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            answer, refused = Answer(0, {}), isinstance(error, ConnectionRefusedError)
        took = time.monotonic() - began
        self.calls.append(Call(asked.name, answer.status, took, began, answer.headers, refused))
        if answer.headers.get("connection") == "close" or not self._keeps:
            connection.close()
        return answer.status != 0


def percentile(calls: Sequence[Call], share: float) -> float:
    """Seconds that this share of the calls took at most."""
    ordered = sorted(call.seconds for call in calls)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Stand:
    """Four servers behind proxies, `web`, `workers`, and `city`, whose own platform goes past the proxies
    and tells what has really been written. `published` is in the city's index; `dataset` has a stored file,
    `resource`. `keys` are secrets: `reader` and `writer` of the department's reviewer, `cold` is in no
    process's memory."""

    def __init__(self, folder: Path, *, workers: int = 2, web_workers: int = 2) -> None:
        self._folder, self._workers, self._web_workers = folder, workers, web_workers
        self._stack = ExitStack()
        self.servers: dict[str, Server] = {}
        self.proxies: dict[str, DelayProxy] = {}
        self.figures: list[str] = []
        """What tests noted."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.servers.values():
            server.thaw()
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        for server in (
            PostgresServer(self._folder),
            ElasticNode(self._folder),
            RedisServer(self._folder),
            S3Server(self._folder),
        ):
            stack.callback(server.stop)
            self.servers[server.name] = server
            self.proxies[server.name] = stack.enter_context(DelayProxy(server.port))
        _start_together(list(self.servers.values()))
        self._fill(stack)
        config = self._config()
        self.web = Web(self._folder, config, workers=self._web_workers)
        self.workers = [JobWorker(self._folder, config) for _ in range(self._workers)]
        for process in (self.web, *self.workers):
            stack.callback(process.stop)
        _start_together([self.web, *self.workers])

    def _fill(self, stack: ExitStack) -> None:
        self._name = f"d{secrets.token_hex(4)}"
        data = self._folder / "portal"
        data.mkdir()
        engine = connect(self.servers["postgresql"].url)
        migrations.upgrade(engine)
        engine.dispose()
        self.city = build_city(data, engines=self._engines(proxied=False))
        stack.callback(self.city.platform.close)
        self.published = self.city.published
        self.dataset, self.resource = self.city.add_file()
        self.keys = {
            "reader": self.city.key_of("reviewer"),
            "writer": self.city.key_of("reviewer", "read", "publish", "harvest"),
            "cold": self.city.key_of("member"),
        }

    def _engines(self, *, proxied: bool) -> dict[str, str]:
        ports = {name: server.port for name, server in self.servers.items()}
        wanted = {name: proxy.port for name, proxy in self.proxies.items()} if proxied else ports
        s3, postgresql = self.servers["s3"], self.servers["postgresql"]
        assert isinstance(s3, S3Server)
        redis = f"redis://127.0.0.1:{wanted['redis']}/0"
        search = f"elasticsearch://127.0.0.1:{wanted['elasticsearch']}/{self._name}?timeout=2&replicas=0"
        files = s3.address(self._name, timeout="2")
        return {
            "database_url": postgresql.url.replace(
                str(ports["postgresql"]) + "/", f"{wanted['postgresql']}/"
            ),
            "search_url": search,
            "files_url": files.replace(str(ports["s3"]), str(wanted["s3"])),
            "jobs_url": f"{redis}?name={self._name}",
            "counters_url": redis,
        }

    def _config(self) -> Path:
        settings = self.city.platform.settings
        values: dict[str, Any] = {
            **self._engines(proxied=True),
            "data_dir": settings.data_dir,
            "mode": "test",
            "base_url": settings.base_url,
            "harvest_allow_loopback": True,
            "harvest_allow_roots": [str(self._folder)],
            "worker_in_web": False,
            "floor_per_second": 0,
        }
        path = self._folder / "opendata.toml"
        lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
        lines += [
            "[guard_limits]",
            *(f"{name} = {json.dumps(value)}" for name, value in settings.guard_limits.items()),
        ]
        path.write_text("\n".join(lines) + "\n")
        return path

    # --- asking ---------------------------------------------------------------------------------------

    def ask(self, path: str, *, key: str = "", **wishes: Any) -> Answer:
        headers = {**wishes.pop("headers", {}), **({"X-Api-Key": self.keys[key]} if key else {})}
        return ask(self.web.port, path, headers=headers, **wishes)

    def send(self, method: str, path: str, value: Any, **headers: str) -> Answer:
        """JSON from somebody who may write."""
        told = {"Content-Type": "application/json", **headers}
        return self.ask(path, key="writer", method=method, headers=told, body=json.dumps(value).encode())

    def questions(self) -> list[Question]:
        with self.city.platform.read(SYSTEM) as work:
            slug = work.session.get_one(Dataset, self.published).slug
        key = {"X-Api-Key": self.keys["reader"]}
        return [
            Question("page", "/"),
            Question("page", "/datasets"),
            Question("page", f"/dataset/{slug}"),
            Question("page", "/organizations"),
            Question("dataset", f"/api/v1/datasets/{self.dataset}"),
            Question("search", "/api/v1/datasets?q=chat%20luong%20nuoc%20bien"),
            Question("fresh search", "/api/v1/datasets?size=5&q=nuoc%20bien%20", fresh=True),
            Question("download", f"/api/v1/resources/{self.resource}/download"),
            Question("key", f"/api/v1/datasets/{self.dataset}", key),
        ]

    def load(self, questions: Sequence[Question], **wishes: Any) -> Load:
        return Load(self.web.port, questions, **wishes)

    def warm(self) -> None:
        """Every process has been asked every question."""
        for _ in range(12):
            for asked in self.questions():
                ask(self.web.port, asked.path, headers=asked.headers)

    # --- faults ---------------------------------------------------------------------------------------

    @contextmanager
    def fault(self, name: str, how: str) -> Iterator[None]:
        """A server killed, hung or slow; mended on leaving, which waits for nobody else."""
        server = self.servers[name]
        if how == "killed":
            server.kill()
        elif how == "hung":
            server.freeze()
        else:
            self.proxies[name].delay = SLOW[name]
        try:
            yield
        finally:
            self.proxies[name].delay = 0.0
            server.thaw()
            server.start()

    def state(self) -> str:
        return str(self.ask("/health/ready").json()["status"])

    def settled(self) -> bool:
        """Nothing waits, and the index holds what the database does."""
        return outbox.backlog(self.city.platform) == (0, 0) and indexing.drift(self.city.platform).ids == ()

    def run(self, run_id: str) -> HarvestRun:
        with self.city.platform.read(SYSTEM) as work:
            return work.session.get_one(HarvestRun, run_id)


def _start_together(servers: Sequence[Server]) -> None:
    for server in servers:
        server.launch()
    for server in servers:
        server.wait_ready()


@contextmanager
def dragging(processes: Sequence[psutil.Process]) -> Iterator[None]:
    """Processes that get a fifth of the time; some of them may end meanwhile."""
    ended = threading.Event()

    def drag() -> None:
        while not ended.wait(0.05):
            try:
                _each(processes, psutil.Process.suspend)
                ended.wait(0.2)
            finally:
                _each(processes, psutil.Process.resume)

    thread = threading.Thread(target=drag)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _each(processes: Sequence[psutil.Process], act: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            act(process)


def eventually(holds: Callable[[], Any], seconds: float = 60.0) -> float:
    """Seconds until it held; what is away meanwhile does not hold."""
    began = time.monotonic()
    while not _held(holds):
        if time.monotonic() - began > seconds:
            assert holds(), f"not within {seconds:.0f} s"
            break
        time.sleep(0.2)
    return time.monotonic() - began


def _held(holds: Callable[[], Any]) -> bool:
    try:
        return bool(holds())
    except Exception:  # noqa: BLE001  # a server that is on its way back
        return False
