"""What the operator's settings let harvesters reach: networks, ports and folders, by type of source."""

from collections.abc import Callable, Collection
from dataclasses import replace
from importlib.metadata import version
from ipaddress import ip_network
from pathlib import Path
from threading import Event, Lock
from typing import Any

from opendata.base.kit.fetch.addresses import AddressPolicy
from opendata.base.kit.fetch.client import Fetcher
from opendata.base.kit.fetch.politeness import Politeness
from opendata.base.runtime.jobs import Interrupted
from opendata.services.harvest.access import Access, open_access
from opendata.services.harvest.http import Known
from opendata.services.harvest.items import Source


class Reach:
    """One client for each type of source, shared by its runs so that a host sees one polite caller."""

    def __init__(self, settings: Any, stopping: Event, **clocks: Any) -> None:
        """Once `stopping` is set nobody waits any more. `clocks` are handed to the client: tests hold its
        clock, sleep and jitter."""
        self._settings = settings
        self._stopping = stopping
        self._clocks = {"sleep": self._pause, **clocks}
        self._fetchers: dict[str, Fetcher] = {}
        self._lock = Lock()

    def open(
        self, source: Source, needs: Collection[str], known: Known, *, may_wait: Callable[[], bool]
    ) -> Access:
        """Raises `SourceError` where the settings do not allow the source's folder."""
        return open_access(
            source,
            needs,
            fetcher=self._fetcher(source.type),
            roots=self._settings.harvest_roots,
            known=known,
            may_wait=may_wait,
        )

    def close(self) -> None:
        for fetcher in self._fetchers.values():
            fetcher.close()

    def _pause(self, seconds: float) -> None:
        """Raises `Interrupted` where the worker leaves meanwhile."""
        if self._stopping.wait(seconds):
            raise Interrupted

    def _fetcher(self, kind: str) -> Fetcher:
        with self._lock:
            if kind not in self._fetchers:
                self._fetchers[kind] = self._made(kind)
            return self._fetchers[kind]

    def _made(self, kind: str) -> Fetcher:
        settings = self._settings
        ca_file = settings.harvest_ca_file
        return Fetcher(
            AddressPolicy(
                allow_networks=tuple(map(ip_network, settings.harvest_allow_networks.get(kind, ()))),
                allow_ports=frozenset(settings.harvest_allow_ports),
                allow_loopback=settings.harvest_allow_loopback,
            ),
            user_agent=f"opendata-harvest/{version('opendata')} (+{settings.base_url})",
            extra_ca=Path(ca_file) if ca_file else None,
            politeness=replace(Politeness(), per_second=settings.harvest_rate_per_host),
            **self._clocks,
        )
