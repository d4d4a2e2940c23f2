"""`io`: the only ways a harvester reaches its source."""

import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from opendata.base.kit.fetch.client import Fetcher
from opendata.services.harvest.folder import FolderAccess
from opendata.services.harvest.http import HttpAccess, Known
from opendata.services.harvest.items import Source, SourceError
from opendata.services.harvest.listing import ListingLog

_NOTHING_KNOWN = Known()
SETTLE_SECONDS = 60.0


class Access:
    """Holds what the harvester's `needs` name; anything else is refused at use.

    `log` is filled while listing and read by the engine.
    """

    def __init__(
        self, *, log: ListingLog, http: HttpAccess | None = None, folder: FolderAccess | None = None
    ) -> None:
        self.log = log
        self._http = http
        self._folder = folder

    @property
    def http(self) -> HttpAccess:
        if self._http is None:
            raise SourceError("forbidden", hint="the harvester did not declare that it needs http")
        return self._http

    @property
    def folder(self) -> FolderAccess:
        if self._folder is None:
            raise SourceError("forbidden", hint="the harvester did not declare that it needs folder")
        return self._folder


def open_access(
    source: Source,
    needs: Collection[str],
    *,
    fetcher: Fetcher,
    roots: Sequence[Path] = (),
    known: Known = _NOTHING_KNOWN,
    now: Callable[[], float] = time.time,
    may_wait: Callable[[], bool] = lambda: True,
) -> Access:
    """What a harvester with these needs may use for this source, with a fresh log.

    `fetcher` carries the address policy of the source's type, `roots` the folders the operator allows for it.
    `known` lets one-document sources answer 304; `may_wait` says whether the run can still be put off where a
    source asks for a long wait. Raises SourceError when a folder is not allowed.
    """
    log = ListingLog()
    http = (
        HttpAccess(fetcher, source_url=source.url, log=log, known=known, may_wait=may_wait)
        if "http" in needs
        else None
    )
    settle = float(source.config.get("settle_seconds", SETTLE_SECONDS))
    folder = (
        FolderAccess(source.url, allowed=roots, now=now, settle_seconds=settle) if "folder" in needs else None
    )
    return Access(log=log, http=http, folder=folder)
