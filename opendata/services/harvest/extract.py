"""Drive a harvester's listing into the spool: one row a record, its bytes once, checkpoints at its marks."""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select

from opendata.base.models import HarvestRecord, HarvestSpool
from opendata.base.runtime import Work
from opendata.base.runtime.database import insert_into
from opendata.services.harvest import blobs, sources
from opendata.services.harvest.access import Access
from opendata.services.harvest.ctx import possible_size
from opendata.services.harvest.execution import Execution
from opendata.services.harvest.items import Cursor, End, Mark, Rec, RecordError, SourceError, Unread
from opendata.services.harvest.listing import Fault, ListingLog
from opendata.services.harvest.problems import Problem, as_json, from_error, stored
from opendata.services.harvest.proof import Listing

MAX_GUID = 1_024
MAX_RAW = 8 << 20
BATCH = 500
BATCH_BYTES = 16 << 20
CONNECTIONS = 4
KEPT = 100
"""Of the parts that could not be read, and of the faults, so many are remembered where a run goes on."""
STOPS = {"auth", "blocked_address"}
"""Troubles of one record's fetch that every other record would have too."""


@dataclass(slots=True)
class Spooled:
    """A record on its way into the spool. `body` is its plain bytes, `size` and the like as listed."""

    rec: Rec
    guid: str
    body: bytes | None = None
    raw_hash: str | None = None
    problems: list[Problem] = field(default_factory=list)
    kept: "Before | None" = None
    """How the record looked when its bytes were read, where they could not be read again."""


@dataclass(frozen=True, slots=True)
class Before:
    """How a record looked when it was last seen."""

    raw_hash: str | None
    modified: str | None
    etag: str | None
    size: int | None


def extract(run: Execution, io: Access) -> Listing:
    """Everything the source lists, spooled. Raises `SourceError`; whatever else a harvester raises passes."""
    spooler = Spooler(run, io.log)
    cursor = spooler.resume()
    with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="harvest-fetch") as pool:
        for item in run.harvester.records(sources.as_listed(run.source), io, cursor):
            if spooler.take(item, pool):
                break
        spooler.flush(pool)
    return spooler.listing


class Spooler:
    """Batches records: a commit for each batch, and a checkpoint wherever the harvester set a mark."""

    def __init__(self, run: Execution, log: ListingLog) -> None:
        self._run = run
        self._log = log
        self._waiting: list[Spooled] = []
        self._bytes = 0
        self._ordinal = 0
        self._guids: set[bytes] = set()
        self.listing = Listing()

    def resume(self) -> Cursor | None:
        """Go back to the last mark: what was spooled after it is listed again, nothing is counted twice."""
        marked = self._run.checkpoint.get("marked", 0)
        with self._run.step() as work:
            later = delete(HarvestSpool).where(HarvestSpool.ordinal >= marked)
            work.session.execute(later.where(HarvestSpool.run_id == self._run.spool))
            guids = work.session.scalars(
                select(HarvestSpool.guid).where(HarvestSpool.run_id == self._run.spool)
            )
            self._guids = {_key(guid) for guid in guids}
        self._ordinal = marked
        self.listing.distinct = len(self._guids)
        self.listing.unnamed = self._run.checkpoint.get("unnamed", 0)
        self.listing.repeated = self._run.checkpoint.get("repeated", 0)
        self.listing.unread = [Unread(*part) for part in self._run.checkpoint.get("unread", ())]
        self._log.faults.extend(Fault(*fault) for fault in self._run.checkpoint.get("faults", ()))
        cursor: Cursor | None = self._run.checkpoint.get("cursor") if marked else None
        return cursor

    def take(self, item: Rec | Mark | Unread | End, pool: ThreadPoolExecutor) -> bool:
        """True when the listing has ended."""
        self._run.go_on()
        match item:
            case Rec():
                self._record(item)
                if len(self._waiting) >= BATCH or self._bytes >= BATCH_BYTES:
                    self.flush(pool)
            case Mark(cursor):
                self.flush(pool, cursor)
            case Unread(what, reason):
                self.listing.unread.append(Unread(stored(what, 500), stored(reason, 500)))
                self._run.events.add("error", "unread", path=what, message=reason)
            case End(expected, incremental):
                self.listing.ended = True
                self.listing.expected, self.listing.incremental = expected, incremental
                return True
            case _:
                raise TypeError(f"a listing yields no {type(item).__name__}")
        return False

    def _record(self, rec: Rec) -> None:
        guid = unicodedata.normalize("NFC", rec.guid) if isinstance(rec.guid, str) else ""
        if not guid or len(guid.encode(errors="replace")) > MAX_GUID or "\x00" in guid:
            self._unnamed(rec)
        elif _key(guid) in self._guids:
            self.listing.repeated += 1
            self._run.events.add("warning", "conflict", guid=guid, message="the first of this guid was taken")
        else:
            self._guids.add(_key(guid))
            self.listing.distinct += 1
            self._accept(rec, guid)

    def _unnamed(self, rec: Rec) -> None:
        self.listing.unnamed += 1
        problem = (
            from_error(rec.error) if rec.error else Problem("error", "missing_guid", "$", "", str(rec.raw))
        )
        self._run.events.problem(None, problem)

    def _accept(self, rec: Rec, guid: str) -> None:
        spooled = Spooled(rec, guid)
        if rec.error is not None:
            spooled.problems.append(from_error(rec.error))
        elif rec.fetch is None and not rec.deleted:
            _read(spooled, rec.raw)
        self._bytes += len(spooled.body or b"")
        self._waiting.append(spooled)

    def flush(self, pool: ThreadPoolExecutor, cursor: Cursor | None = None) -> None:
        """Make what waits durable, in one transaction with the cursor when there is one."""
        if not self._waiting and cursor is None:
            return
        with self._run.read() as work:
            before = _before(work, self._run.source.id, [spooled.guid for spooled in self._waiting])
        self._fetch(pool, before)
        for spooled in self._waiting:
            for problem in spooled.problems:
                self._run.events.problem(spooled.guid, problem)
        checkpoint: dict[str, Any] = {}
        if cursor is not None:
            checkpoint = {
                "cursor": cursor,
                "marked": self._ordinal + len(self._waiting),
                "unnamed": self.listing.unnamed,
                "repeated": self.listing.repeated,
                "unread": [(part.what, part.reason) for part in self.listing.unread[:KEPT]],
                "faults": [(fault.code, fault.where, fault.hint) for fault in self._log.faults[:KEPT]],
            }
        self._run.counts["seen"] = self.listing.distinct + self.listing.unnamed
        with self._run.step(**checkpoint) as work:
            self._write(work, before)
        self._ordinal += len(self._waiting)
        self._waiting, self._bytes = [], 0

    def _fetch(self, pool: ThreadPoolExecutor, before: dict[str, Before]) -> None:
        """Read details in a bounded pool, only of what does not look as it did."""
        wanted = []
        for spooled in self._waiting:
            if spooled.rec.fetch is None or spooled.rec.deleted or spooled.rec.error:
                continue
            known = before.get(spooled.guid)
            if known is not None and _looks_alike(spooled.rec, known):
                spooled.raw_hash = known.raw_hash
            else:
                wanted.append(spooled)
        for spooled in _fetched(pool, wanted):
            known = before.get(spooled.guid)
            if spooled.body is None and known is not None and known.raw_hash:
                spooled.raw_hash, spooled.kept = known.raw_hash, known
                self._run.counts["unfetched"] += 1

    def _write(self, work: Work, before: dict[str, Before]) -> None:
        if not self._waiting:
            return
        known = {b.raw_hash for b in before.values()}
        blobs.store(
            work,
            {s.raw_hash: s.body for s in self._waiting if s.body and s.raw_hash and s.raw_hash not in known},
        )
        rows = [self._row(at, spooled) for at, spooled in enumerate(self._waiting, self._ordinal)]
        work.session.execute(insert_into(work.session, HarvestSpool), rows)

    def _row(self, ordinal: int, spooled: Spooled) -> dict[str, Any]:
        rec, looks = spooled.rec, spooled.kept or spooled.rec
        return {
            "run_id": self._run.spool,
            "ordinal": ordinal,
            "guid": spooled.guid,
            "raw_hash": spooled.raw_hash,
            "modified": stored(looks.modified, 64) if looks.modified else None,
            "etag": stored(looks.etag, 300) if looks.etag else None,
            "size": possible_size(looks.size),
            "url": stored(rec.url, 2000) if rec.url else None,
            "deleted": rec.deleted,
            "problem": as_json(spooled.problems),
        }


def _read(spooled: Spooled, raw: Any) -> None:
    """Bytes and address of a record, or why it cannot be kept."""
    try:
        body = blobs.plain(raw)
    except blobs.NotStorable as error:
        spooled.problems.append(Problem("error", "not_json", "$", "", str(error)))
        return
    if raw is None or len(body) > MAX_RAW:
        code = "empty" if raw is None else "too_large"
        spooled.problems.append(Problem("error", code, "$", "", f"{len(body)} > {MAX_RAW}"))
        return
    spooled.body, spooled.raw_hash = body, blobs.address(body)


def _fetched(pool: ThreadPoolExecutor, wanted: Sequence[Spooled]) -> Iterator[Spooled]:
    yield from pool.map(_fetch_one, wanted)


def _fetch_one(spooled: Spooled) -> Spooled:
    """A fetch that fails leaves its record as it was, unless it failed for a reason all others share."""
    fetch = spooled.rec.fetch
    if fetch is None:
        return spooled
    try:
        _read(spooled, fetch())
    except RecordError as error:
        spooled.problems.append(from_error(error))
    except SourceError as error:
        if error.code in STOPS:
            raise
        spooled.problems.append(Problem("error", error.code, "$", str(error), error.where))
    return spooled


def _before(work: Work, source_id: str, guids: Iterable[str]) -> dict[str, Before]:
    rows = work.session.execute(
        select(
            HarvestRecord.guid,
            HarvestRecord.raw_hash,
            HarvestRecord.modified,
            HarvestRecord.etag,
            HarvestRecord.size,
        ).where(HarvestRecord.source_id == source_id, HarvestRecord.guid.in_(list(guids)))
    )
    return {guid: Before(raw, modified, etag, size) for guid, raw, modified, etag, size in rows}


def _looks_alike(rec: Rec, known: Before) -> bool:
    """Equal in all that the listing told; a listing that tells nothing proves nothing."""
    told = (rec.modified, rec.etag, rec.size)
    return any(told) and told == (known.modified, known.etag, known.size) and known.raw_hash is not None


def _key(guid: str) -> bytes:
    return hashlib.blake2b(guid.encode(errors="surrogatepass"), digest_size=16).digest()
