"""Elasticsearch, one node or several, one process each: search of the scaled mode."""

import json
import os
import re
import shutil
import time
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import psutil

from opendata.testing.servers.missing import ServerMissing, cache_folder, keep, unpacked
from opendata.testing.servers.process import Server, ServerFailed, unprivileged_account
from opendata.testing.servers.scratch import free_port

VERSION = "9.5.3"
_DISTRIBUTION = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
_JAVA_HOMES = Path("/usr/lib/jvm")
_OLDEST_JAVA = 21
_CONFIG_FILES = ("jvm.options", "log4j2.properties")


class ElasticNode(Server):
    """A node; on its own unless `peers` names the nodes of its cluster, itself among them.

    `short_lived`: compiled lightly, for half the processor time where a node lives for minutes only.
    """

    name = "elasticsearch"
    start_seconds = 180.0  # a busy machine may take that long

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        heap_mb: int = 256,
        cluster: str = "opendata",
        short_lived: bool = False,
    ) -> None:
        super().__init__(folder, port=port, account=unprivileged_account())
        self.transport_port = free_port()
        self.peers: Sequence[ElasticNode] = (self,)
        self._heap_mb = heap_mb
        self._compiler = " -XX:TieredStopAtLevel=1" if short_lived else ""
        self._cluster = cluster

    @property
    def node_name(self) -> str:
        return f"node-{self.port}"

    @property
    def home(self) -> Path:
        """The distribution it is started from."""
        return distribution()

    @property
    def url(self) -> str:
        return f"elasticsearch://127.0.0.1:{self.port}/opendata"

    @property
    def pid(self) -> int:
        """Of the server; its launcher ends with it."""
        return int((self.folder / "pid").read_text())

    def prepare(self) -> None:
        for name in ("config", "data", "logs", "tmp"):
            (self.folder / name).mkdir()
        for name in _CONFIG_FILES:
            shutil.copy(self.home / "config" / name, self.folder / "config" / name)
        settings = json.dumps(self._settings(), indent=1)  # which is YAML too
        (self.folder / "config" / "elasticsearch.yml").write_text(settings)

    def command(self) -> Sequence[str | Path]:
        return [self.home / "bin" / "elasticsearch", "-p", self.folder / "pid"]

    def environment(self) -> Mapping[str, str]:
        return {
            "ES_JAVA_HOME": str(java_home()),
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
            "ES_JAVA_OPTS": f"-Xms{self._heap_mb}m -Xmx{self._heap_mb}m -XX:-AlwaysPreTouch{self._compiler}",
        }

    def ready(self) -> bool:
        health = self.get("/_cluster/health")
        return isinstance(health, dict) and health.get("status") in ("yellow", "green")

    def get(self, path: str, *, timeout: float = 5) -> Any:
        """The JSON answer of this node. Raises `OSError`."""
        return self._ask("GET", path, timeout)

    def delete(self, path: str, *, timeout: float = 60) -> Any:
        return self._ask("DELETE", path, timeout)

    def put(self, path: str, body: Mapping[str, Any], *, timeout: float = 60) -> Any:
        return self._ask("PUT", path, timeout, json.dumps(body).encode())

    def _ask(self, method: str, path: str, timeout: float, body: bytes | None = None) -> Any:
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, method=method)
        asked.add_header("Content-Type", "application/json")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(asked, timeout=timeout) as answer:
            return json.load(answer)

    def _settings(self) -> dict[str, Any]:
        alone = len(self.peers) == 1
        return {
            "cluster.name": self._cluster,
            "node.name": self.node_name,
            "path.data": str(self.folder / "data"),
            "path.logs": str(self.folder / "logs"),
            "network.host": "127.0.0.1",
            "http.port": self.port,
            "transport.port": self.transport_port,
            "xpack.security.enabled": False,
            "action.destructive_requires_name": False,  # tests remove their indexes by prefix
            "cluster.routing.allocation.disk.threshold_enabled": False,
            **({"discovery.type": "single-node"} if alone else self._discovery()),
        }

    def _discovery(self) -> dict[str, Any]:
        return {
            "discovery.seed_hosts": [f"127.0.0.1:{node.transport_port}" for node in self.peers],
            "cluster.initial_master_nodes": [node.node_name for node in self.peers],
        }


class ElasticCluster:
    """Several nodes that start together; each may be killed and started again by itself."""

    def __init__(self, folder: Path, *, nodes: int = 3, heap_mb: int = 256) -> None:
        self.nodes = [ElasticNode(folder, heap_mb=heap_mb, cluster=folder.name) for _ in range(nodes)]
        for node in self.nodes:
            node.peers = self.nodes

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"elasticsearch://{hosts}/opendata"

    def start(self) -> Self:
        try:
            for node in self.nodes:
                node.launch()
            with ThreadPoolExecutor(len(self.nodes)) as waiting:
                list(waiting.map(ElasticNode.wait_ready, self.nodes))
            self.wait_green()
        except BaseException:
            self.kill()
            raise
        return self

    def kill(self) -> None:
        for node in self.nodes:
            node.kill()

    def stop(self) -> None:
        with ThreadPoolExecutor(len(self.nodes)) as stopping:
            list(stopping.map(ElasticNode.stop, self.nodes))

    def master(self) -> ElasticNode:
        """The elected master, as any node that answers knows it."""
        for node in self.nodes:
            if node.running:
                state = node.get("/_cluster/state/master_node,nodes")
                name = state["nodes"][state["master_node"]]["name"]
                return next(member for member in self.nodes if member.node_name == name)
        raise RuntimeError("no node is running")

    def wait_green(self, seconds: float = 120.0) -> float:
        """Every node there and every copy of every shard; returns the seconds it took."""
        started = time.monotonic()
        complete = {"wait_for_nodes": str(len(self.nodes)), "wait_for_status": "green"}
        while time.monotonic() - started < seconds:
            try:
                self.nodes[0].get(f"/_cluster/health?{urlencode(complete)}&timeout=2s")
            except OSError:  # 408 while it is not
                time.sleep(0.1)
            else:
                return time.monotonic() - started
        raise ServerFailed(self.nodes[0], "is not green")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def cpu_seconds(nodes: Sequence[ElasticNode]) -> float:
    """CPU time of the servers so far, launchers left out."""
    spent = [psutil.Process(node.pid).cpu_times() for node in nodes]
    return sum(times.user + times.system for times in spent)


def java_home() -> Path:
    """ES_JAVA_HOME, else an installed Java that is new enough."""
    named = os.environ.get("ES_JAVA_HOME")
    homes = [Path(named)] if named else sorted(_JAVA_HOMES.glob("*"), reverse=True)
    found = next((home for home in homes if _java_version(home) >= _OLDEST_JAVA), None)
    if found is None:
        raise ServerMissing(f"Elasticsearch needs Java {_OLDEST_JAVA} or newer below {_JAVA_HOMES}")
    return found


def _java_version(home: Path) -> int:
    """From its release file; 0 when it is none."""
    try:
        said = re.search(r'JAVA_VERSION="(\d+)', (home / "release").read_text())
    except OSError:
        return 0
    return int(said[1]) if said and (home / "bin" / "java").exists() else 0


def distribution() -> Path:
    """The unpacked server: ES_HOME, else the cache, else unpacked there."""
    named = os.environ.get("ES_HOME")
    home = Path(named) if named else cache_folder() / f"elasticsearch-{VERSION}"
    java_home()
    if not (home / "bin" / "elasticsearch").exists():
        _unpack(home)
    return home


def _unpack(home: Path) -> None:
    with unpacked(_DISTRIBUTION, wanted_for=f"Elasticsearch {VERSION} (ES_HOME may name it)") as folder:
        keep(folder / f"elasticsearch-{VERSION}", home)
