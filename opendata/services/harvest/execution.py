"""One run at work: what its phases share, and the one way in which they write."""

import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from opendata.base.kit.ids import new_id
from opendata.base.models import HarvestSource, Organization
from opendata.base.runtime import Caller, Platform, Work
from opendata.base.runtime.jobs import Interrupted
from opendata.services.harvest import lease, runs, sources
from opendata.services.harvest.contract import Harvester
from opendata.services.harvest.events import Events

log = structlog.get_logger(__name__)
PROGRESS_EVERY = 5.0


@dataclass(slots=True, kw_only=True)
class Execution:
    """`spool` is the run whose spool is worked on: its own, or that of the preview it applies.

    `source` and `organization` are as they stood when the run began.
    """

    platform: Platform
    run_id: str
    kind: str
    spool: str
    source: HarvestSource
    organization: Organization
    harvester: Harvester
    fence: int
    checkpoint: dict[str, Any]
    events: Events
    counts: Counter[str] = field(default_factory=Counter)
    timings: dict[str, float] = field(default_factory=dict)
    phase: str = "extract"
    attempt: int = 1
    ended: bool = False
    _told: float = 0.0
    _marked: int = 0

    def __post_init__(self) -> None:
        self._marked = self.checkpoint.get("marked", 0)

    @property
    def caller(self) -> Caller:
        return caller_for(self.source)

    @contextmanager
    def step(self, **checkpoint: Any) -> Iterator[Work]:
        """A transaction that writes only while the lease is ours. `checkpoint` values commit with it."""
        self.go_on()
        with self.platform.work(self.caller) as work:
            lease.hold(work, self.source.id, self.fence)
            yield work
            self.events.write(work)
            self._tell(work, checkpoint)

    @property
    def has_listed_more(self) -> bool:
        """Whether the source has been listed further in this attempt, as far as the next can go on from."""
        return bool(self.checkpoint.get("marked", 0) > self._marked)

    def go_on(self) -> None:
        """Raises `Interrupted` where the worker leaves: the next one goes on from the last checkpoint."""
        if self.platform.stopping.is_set():
            raise Interrupted

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        self.phase = phase
        began = time.monotonic()
        with self.step(phase=phase):
            pass
        try:
            yield
        finally:
            self.timings[phase] = round(time.monotonic() - began, 3)

    def log_bug(self, error: Exception, **where: Any) -> str:
        """Log the trace of somebody's mistake, without secrets and local values; returns its id."""
        trace = new_id()
        text = "".join(traceback.format_exception(error))
        log.error("harvest.plugin_bug", trace=trace, traceback=sources.masked(self.source, text), **where)
        return trace

    def read(self) -> Any:
        return self.platform.read(self.caller)

    def _tell(self, work: Work, checkpoint: dict[str, Any]) -> None:
        """Checkpoints at once, counts from time to time: a write for every record would cost more than it."""
        due = time.monotonic() - self._told > PROGRESS_EVERY
        if self.ended or not (checkpoint or due):
            return
        self._told = time.monotonic()
        self.checkpoint = {**self.checkpoint, **checkpoint}
        runs.note(
            work,
            self.run_id,
            self.fence,
            phase=self.phase,
            checkpoint=self.checkpoint,
            counts=dict(self.counts),
            timings=self.timings,
        )


def caller_for(source: HarvestSource) -> Caller:
    """A harvest acts with the rights of the portal team that accepted its source; its title names it."""
    return Caller(kind="harvest", operator=True, name=source.title[:200])
