"""`io`: the only ways a harvester reaches its source."""

from opendata.services.harvest.folder import FolderAccess
from opendata.services.harvest.http import HttpAccess
from opendata.services.harvest.items import SourceError
from opendata.services.harvest.listing import ListingLog


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
