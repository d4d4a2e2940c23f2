"""What a harvester yields and what it may raise: small values, no behaviour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opendata.base.formats.reading import RecordError
from opendata.base.kit.errors import N_, OpenDataError

#: A record as the source gave it: bytes, text, or a JSON value (dict, list, number, …).
Raw = Any

#: A checkpoint: small JSON that the harvester's next run (or a resumed one) starts from.
Cursor = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Features:
    """What a source type can do; the engine plans runs by it."""

    incremental: bool = False
    tombstones: bool = False
    gives_total: bool = False
    ids_only_listing: bool = False


class SourceError(OpenDataError):
    """The source cannot be read: the run fails with this code.

    Codes: partial, unreachable, tls, auth, forbidden, blocked_address, scheme_not_allowed, too_large,
    not_expected_type, parse, page_loop, token_expired, total_mismatch, timeout, source_error. `where` is a
    URL or path without credentials, `hint` a short technical remark; both only for members of the source's
    organisation.
    """

    status = 502
    message = N_("Không đọc được nguồn dữ liệu (%(code)s).")

    def __init__(self, code: str, where: str = "", hint: str = "") -> None:
        self.code = code  # type: ignore[misc]  # the code is the source's trouble, told by the caller
        self.where = where
        self.hint = hint
        super().__init__(code=code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rec:
    """One record of the listing. Give either `raw`, or `fetch` which the engine calls if it must.

    `guid` is the source's own stable id; None when the source gave none (the engine quarantines such a
    record and counts it as seen). `error` marks a record that was seen but cannot be read. `modified`,
    `etag` and `size` are compared with what is known before `fetch` is called. `deleted` is a tombstone
    and has no raw. `url` is the record's page for people or its own address.
    """

    guid: str | None
    raw: Raw = None
    fetch: Callable[[], Raw] | None = None
    modified: str | None = None
    etag: str | None = None
    size: int | None = None
    url: str | None = None
    deleted: bool = False
    error: RecordError | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Everything yielded before is to be made durable together with this cursor."""

    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Unread:
    """A part that could not be read (folder, page, sheet): the run is partial."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class End:
    """The last item of every complete listing; `expected` is the total as the source claims it."""

    expected: int | None = None
    incremental: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A harvest source as its harvester sees it.

    `config` has passed the harvester's schema. Secrets are in it while records are listed and absent
    while they are translated. `language` is that of texts the source does not label.
    """

    id: str
    type: str
    url: str
    title: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    language: str = "vi"


__all__ = [
    "Cursor",
    "End",
    "Features",
    "Mark",
    "Raw",
    "Rec",
    "RecordError",
    "Source",
    "SourceError",
    "Unread",
]
