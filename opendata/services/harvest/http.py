"""`io.http`: listing and reading over HTTP with the guarded client, and a log of how it went."""

from opendata.services.harvest.listing import ListingLog


class HttpAccess:
    """get, json, stream, links and pages; every fault is written to the listing's log."""

    def __init__(self, *, log: ListingLog) -> None:
        self._log = log
