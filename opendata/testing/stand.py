"""The product as a city runs it: web and worker processes on servers of their own, each of which may be
killed, frozen or made slow.

    with Stand(folder) as stand, stand.load(stand.questions()) as load:
        with stand.fault("redis", "hung"):
            ...
    load.calls
"""

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from opendata.base.models import Dataset, HarvestRun
from opendata.base.runtime import SYSTEM, outbox
from opendata.services.catalog import indexing
from opendata.testing.load import Answer, Load, Question, ask
from opendata.testing.processes import JobWorker, Web, migrate, settings_file
from opendata.testing.servers import DelayProxy, ElasticNode, PostgresServer, RedisServer, S3Server, Server
from opendata.testing.web import build_city

SLOW = {"elasticsearch": 1.2, "redis": 0.2, "postgresql": 0.1, "s3": 0.3}
"""Seconds that each piece takes more, in each direction. Search is too slow then for its time limit of two
seconds and Redis for that of its counters; the others are waited for."""


class Stand:
    """Four servers behind proxies, `web`, `workers`, and `city`, whose own platform goes past the proxies
    and tells what has really been written. `published` is in the city's index; `dataset` has a stored file,
    `resource`. `keys` are secrets: `reader` and `writer` of the department's reviewer."""

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
        migrate(self.servers["postgresql"].url)
        self.city = build_city(data, engines=self._engines(proxied=False))
        stack.callback(self.city.platform.close)
        self.published = self.city.published
        self.dataset, self.resource = self.city.add_file()
        self.keys = {
            "reader": self.city.key_of("reviewer"),
            "writer": self.city.key_of("reviewer", "read", "publish", "harvest"),
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
        return settings_file(
            self._folder / "opendata.toml", {**values, "guard_limits": settings.guard_limits}
        )

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
