"""Looks after the file store: forgets what nothing refers to, and reads every file again now and then."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

import structlog
from sqlalchemy import select

from opendata.base.kit.errors import N_, Conflict, NotFound
from opendata.base.models import HarvestFile, Resource
from opendata.base.runtime import SYSTEM, Platform, jobs
from opendata.base.runtime.jobs import Interrupted
from opendata.engines.files import DamagedFile, FileStore

log = structlog.get_logger(__name__)
TIDY, CHECK = "files.tidy", "files.check"
REFERENCES = (Resource.sha256, HarvestFile.sha256)
"""Every column that names a stored file. What none of them names is forgotten."""
UNUSED_FOR = timedelta(hours=1)
"""Longer than any writer takes from storing a file to the row that names it."""
UNFINISHED_FOR = timedelta(days=1)
AT_ONCE = 500
FEW, SUSPICIOUS = 100, 0.5
"""More files than this, and a larger share of all than that, are not forgotten unasked."""
Progress = Callable[[int, int], None]
"""(files done, files there are)."""


class TooManyUnused(Conflict):
    """Two portals share a store, or the database is not the one that belongs to it."""

    code = "too_many_unused_files"
    message = N_(
        "%(unused)s trong %(all)s tệp của kho không được bộ dữ liệu nào dùng. Nếu kho này không chung với"
        " cổng khác, hãy chạy `opendata files tidy --all`."
    )


class FilesDamaged(Conflict):
    code = "files_damaged"
    message = N_(
        "%(number)s tệp trong kho sai nội dung hoặc bị mất: %(files)s. Hãy khôi phục từ bản sao lưu."
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """`damaged` files do not hold what was stored; `missing` ones are referred to and not there."""

    files: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]


def tidy(platform: Platform, *, all_of_them: bool = False) -> dict[str, int]:
    """Forget files stored an hour ago or longer that nothing refers to, and what writes left unfinished a
    day ago; how many of each. Raises `TooManyUnused` unless `all_of_them`."""
    store, now = platform.part(FileStore), platform.clock()
    before = (now - UNUSED_FOR).timestamp()
    known = list(store.addresses())
    old = [address for address, stored_at in known if stored_at < before]
    unused = [address for some in _parts(old) for address in some - _used(platform, some)]
    if not all_of_them and len(unused) > max(FEW, SUSPICIOUS * len(known)):
        raise TooManyUnused(unused=len(unused), all=len(known))
    done = {
        "unused": sum(store.discard(address, before) for address in unused),
        "unfinished": store.tidy((now - UNFINISHED_FOR).timestamp()),
    }
    if any(done.values()):
        log.info("files.tidied", **done)
    return done


def check(platform: Platform, progress: Progress = lambda *_: None) -> Checked:
    """Read every stored file and compare it with its address. Raises `Interrupted` where the worker ends."""
    store = platform.part(FileStore)
    known = [address for address, _ in store.addresses()]
    missing = _every_reference(platform) - set(known)
    damaged = []
    for done, address in enumerate(known, start=1):
        if platform.stopping.is_set():
            raise Interrupted
        if not _is_sound(store, address):
            damaged.append(address)
        progress(done, len(known))
    absent = tuple(sorted(address for address in missing if not _is_there(store, address)))
    log.info("files.checked", files=len(known), damaged=len(damaged), missing=len(absent))
    return Checked(len(known), tuple(damaged), absent)


def ask_to_tidy(platform: Platform) -> None:
    _ask(platform, TIDY)


def ask_to_check(platform: Platform) -> None:
    _ask(platform, CHECK)


def perform_tidy(platform: Platform, arguments: Mapping[str, Any]) -> None:  # noqa: ARG001  # a job
    tidy(platform)


def perform_check(platform: Platform, arguments: Mapping[str, Any]) -> None:  # noqa: ARG001  # a job
    """Raises `FilesDamaged`, which stays with the job for the operator to see."""
    found = check(platform)
    wrong = (*found.damaged, *found.missing)
    if wrong:
        raise FilesDamaged(number=len(wrong), files=", ".join(wrong[:10]))


def _ask(platform: Platform, kind: str) -> None:
    with platform.work(SYSTEM) as work:
        jobs.enqueue_one(work, kind)


def _used(platform: Platform, addresses: Collection[str]) -> set[str]:
    with platform.read(SYSTEM) as work:
        return {
            address
            for column in REFERENCES
            for address in work.session.scalars(select(column).where(column.in_(addresses)))
            if address
        }


def _every_reference(platform: Platform) -> set[str]:
    with platform.read(SYSTEM) as work:
        return {
            address
            for column in REFERENCES
            for address in work.session.scalars(select(column).where(column.is_not(None)).distinct())
            if address
        }


def _parts(addresses: Collection[str]) -> Iterator[set[str]]:
    waiting = iter(addresses)
    while some := set(islice(waiting, AT_ONCE)):
        yield some


def _is_sound(store: FileStore, address: str) -> bool:
    try:
        for _ in store.open(address):
            pass
    except DamagedFile:
        return False
    except NotFound:  # forgotten meanwhile
        return True
    return True


def _is_there(store: FileStore, address: str) -> bool:
    """It may have come since the store was listed."""
    try:
        store.size(address)
    except NotFound:
        return False
    return True
