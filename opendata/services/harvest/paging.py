"""Listings in pages, with proof of progress.

A source's paging is never trusted: a page has to bring records not seen before, no page may be asked for
twice, and offset pages overlap by one record so that rows removed meanwhile cannot make the listing skip.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opendata.base.kit.fetch.urls import without_secrets
from opendata.base.kit.hashes import digest
from opendata.services.harvest.items import Cursor, Mark, SourceError
from opendata.services.harvest.listing import ListingLog
from opendata.services.harvest.stepping import Answer, Listing, Step, at_offset, first_step, next_step, pick

PAGE_CAP = 20_000
ITEM_CAP = 5_000_000
STEPS_BACK = 3

Fetch = Callable[[str, Mapping[str, Any]], Answer]


@dataclass(frozen=True, slots=True)
class Page:
    """`items` are those not seen before in this listing; `mark` is to be yielded after them."""

    items: Sequence[Any]
    body: Any
    mark: Mark


@dataclass(frozen=True, slots=True)
class _Read:
    """A page that was read; `ids` tells its items apart; `following` is None on the last page."""

    step: Step
    body: Any
    items: Sequence[Any]
    ids: Sequence[str]
    following: Step | None


class Pages:
    """Iterates over the pages of a listing. `total` is the newest claim of the source, if it makes any.

    A failure on the first page raises SourceError. A later one, also the first that is read after a cursor,
    ends the listing and is written to the log: what was read counts, and the run is partial. When the total
    moves meanwhile, the listing is read once more for what slipped through.
    """

    def __init__(self, listing: Listing, fetch: Fetch, log: ListingLog, cursor: Cursor | None = None) -> None:
        self._listing = listing
        self._fetch = fetch
        self._log = log
        self._cursor = cursor or {}
        self._seen: set[str] = set()
        self._asked: set[str] = set()
        self._totals: set[int] = set()
        self._count = 0
        self._before = 0
        self._stride = max(1, (listing.size or 10) - 1)
        self._rereading = False
        self.total: int | None = self._cursor.get("total")

    def __iter__(self) -> Iterator[Page]:
        if self._cursor.get("done"):
            return
        if self._cursor.get("last") is not None:
            self._seen.add(self._cursor["last"])
            self._before = self._cursor.get("read", 1) - 1
        yield from self._from(first_step(self._listing, self._cursor))
        if len(self._totals) > 1 and self._log.complete:
            yield from self._again()

    def _again(self) -> Iterator[Page]:
        self._rereading = True
        self._before = 0
        self._asked.clear()
        self._totals.clear()
        yield from self._from(first_step(self._listing, None))
        if len(self._totals) > 1:
            self._log.fault("total_mismatch", self._listing.url, "the total moves with each reading")

    def _from(self, step: Step | None) -> Iterator[Page]:
        without_progress = 0
        while step is not None:
            page = self._read_in_place(step)
            if page is None:
                return
            fresh = self._fresh(page)
            following = self._following(page)
            if fresh or self._rereading:
                without_progress = 0
                self._doubt_single_rows(page)
                yield Page(fresh, page.body, self._mark(following, page))
            elif page.step == step or without_progress >= STEPS_BACK:
                self._judge_standstill(page)
                return
            else:  # an earlier page was read again because rows moved; what comes after it may be new
                without_progress += 1
            step = following

    def _read_in_place(self, step: Step) -> _Read | None:
        """The page, or an earlier one where rows moved, so that none lies between; None after a fault."""
        page = self._read(step)
        for _ in range(STEPS_BACK):
            if page is None or not self._begins_beyond(page):
                break
            back = max(0, (page.step.offset or 0) - self._stride)
            page = self._read(at_offset(self._listing, back, overlaps=back > 0))
        if page is not None and self._begins_beyond(page):
            self._log.fault("partial", _shown(page.step), "rows moved between pages")
        if page is not None and len(page.ids) > 1:
            self._stride = len(page.ids) - 1
        return page

    def _begins_beyond(self, page: _Read) -> bool:
        """Whether records may lie between what was read and where this offset page begins."""
        return page.step.overlaps and (not page.ids or page.ids[0] not in self._seen)

    def _read(self, step: Step) -> _Read | None:
        try:
            self._refuse_endless(step)
            answer = self._fetch(step.url, step.params)
            if self._listing.check:
                self._listing.check(answer.body)
            page = self._understood(step, answer)
        except SourceError as error:
            if self._count == 0 and not self._cursor:
                raise
            self._log.fault(error.code, error.where or _shown(step), error.hint)
            return None
        self._count += 1
        self._log.pages += 1
        self._read_total(answer.body)
        return page

    def _refuse_endless(self, step: Step) -> None:
        key = digest([step.url, {name: str(value) for name, value in step.params.items()}])
        if step.offset is None and key in self._asked:
            raise SourceError("page_loop", _shown(step), "the next link came twice")
        if self._count >= PAGE_CAP or len(self._seen) >= ITEM_CAP:
            raise SourceError("too_large", _shown(step), "more pages or records than are read")
        self._asked.add(key)

    def _understood(self, step: Step, answer: Answer) -> _Read:
        items = pick(answer.body, self._listing.items)
        if not isinstance(items, list):
            raise SourceError("not_expected_type", _shown(step), "the page holds no list of records")
        ids = [self._identity(item) for item in items]
        return _Read(step, answer.body, items, ids, next_step(self._listing, step, answer, len(items)))

    def _identity(self, item: Any) -> str:
        """What tells an item apart: its id, or its content where it has none."""
        found = pick(item, self._listing.id)
        return found if isinstance(found, str) and found else digest([found, item])

    def _read_total(self, body: Any) -> None:
        claimed = pick(body, self._listing.total) if self._listing.total is not None else None
        if isinstance(claimed, str) and claimed.isdecimal():
            claimed = int(claimed[:18])
        if isinstance(claimed, int) and not isinstance(claimed, bool) and claimed >= 0:
            self.total = claimed
            self._totals.add(claimed)
            self._log.total(claimed)

    def _fresh(self, page: _Read) -> list[Any]:
        """Items not seen on an earlier page; repeats inside one page stay, the engine reports them."""
        pairs = zip(page.items, page.ids, strict=True)
        fresh = [item for item, identity in pairs if identity not in self._seen]
        self._seen.update(page.ids)
        self._log.items += len(fresh)
        return fresh

    def _following(self, page: _Read) -> Step | None:
        """Counted pages end at the claimed total, as many servers fail beyond; offsets go on to the proof."""
        counted = self._listing.style == "page" and self.total is not None
        return None if counted and self._read_so_far() >= (self.total or 0) else page.following

    def _read_so_far(self) -> int:
        return self._before + len(self._seen)

    def _judge_standstill(self, page: _Read) -> None:
        """A page without anything new is the end, or a source that serves the same again and again."""
        end = not page.ids and page.following is None
        if not (end or (page.step.overlaps and len(page.ids) == 1)):
            self._log.fault("page_loop", _shown(page.step), "the page brought nothing new")

    def _doubt_single_rows(self, page: _Read) -> None:
        """Pages of one row cannot overlap: rows that move go unnoticed, unless a total tells."""
        if page.step.offset and len(page.ids) == 1 and not page.step.overlaps and self.total is None:
            self._log.fault("partial", _shown(page.step), "pages of one row without a total")

    def _mark(self, following: Step | None, page: _Read) -> Mark:
        if following is None:
            return Mark({"done": True, "total": self.total})
        so_far = {"last": page.ids[-1], "read": self._read_so_far(), "total": self.total}
        return Mark({**following.cursor, **so_far})


def _shown(step: Step) -> str:
    where = step.cursor.get("url") or step.url
    place = ", ".join(f"{name}={value}" for name, value in step.cursor.items() if name in {"offset", "page"})
    return without_secrets(str(where)) + (f" ({place})" if place else "")
