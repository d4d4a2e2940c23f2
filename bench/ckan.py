"""A running CKAN with PostgreSQL, Redis and Solr as the peer.

Its folder holds `conf/ports` (CKAN_PORT=…), `conf/token` (a system administrator's), `run/NAME.pid` of each
server, and a command beside it starts harvests: see docs/performance.md.
"""

import re
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.load import Client

SERVERS = ("ckan", "solr", "postgres", "redis", "gather", "fetch")


@dataclass(frozen=True, slots=True)
class Ckan:
    folder: Path
    command: Path | None = None

    @property
    def port(self) -> int:
        lines = (self.folder / "conf" / "ports").read_text().split()
        return int(dict(line.split("=") for line in lines)["CKAN_PORT"])

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Authorization": (self.folder / "conf" / "token").read_text().strip()}

    def servers(self) -> list[int]:
        files = (self.folder / "run" / f"{name}.pid" for name in SERVERS)
        return [int(file.read_text().split()[0]) for file in files if file.exists()]

    def call(self, action: str, **values: Any) -> Any:
        return Client(self.port, headers=self.headers).post(f"/api/3/action/{action}", values)["result"]

    def datasets(self) -> set[str]:
        return set(self.call("package_list"))

    def need_organizations(self, names: Iterable[str]) -> None:
        known = set(self.call("organization_list"))
        for name in set(names) - known:
            self.call("organization_create", name=name, title=name)

    def harvest(self, url: str, name: str) -> float:
        """Seconds of one harvest job, from its creation to its end."""
        assert self.command is not None  # asked before
        arguments = ["harvest", str(self.folder), url, name, "ckan", '{"remote_orgs":"create"}']
        ran = subprocess.run([str(self.command), *arguments], check=True, capture_output=True, text=True)
        found = re.search(r"^harvest\s+([0-9.]+) s", ran.stderr, re.MULTILINE)
        if found is None:
            raise RuntimeError(f"no time of the harvest in {ran.stderr[-300:]!r}")
        return float(found.group(1))

    def reindex(self) -> float:
        """Seconds of `ckan search-index rebuild`, less those the command line takes to start."""
        return self._timed("search-index", "rebuild") - self._timed("search-index", "list-orphans")

    def _timed(self, *arguments: str) -> float:
        assert self.command is not None  # asked before
        began = time.perf_counter()
        subprocess.run(
            [str(self.command), "ckan", str(self.folder), *arguments], check=True, capture_output=True
        )
        return time.perf_counter() - began
