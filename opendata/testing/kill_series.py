"""kill -9 of web, worker, PostgreSQL, Elasticsearch and Redis at random moments of harvests in the scaled
mode; afterwards the catalogue is what the source is, once and whole.

    python -m opendata.testing.kill_series --points 200 --datasets 2000 --minutes 15

prints its seed, what was killed and what was found. A run that ended begins again with another edition of
every dataset, so that there is always something under way. Leases of who was killed are let run out at once:
waiting out their minute each time would tell nothing more.
"""

import argparse
import random
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Select, String, cast, func, select, update

from opendata.base.models import (
    AuditEvent,
    Dataset,
    DatasetRevision,
    HarvestRecord,
    HarvestRun,
    HarvestSource,
    Job,
    Resource,
)
from opendata.base.runtime import SYSTEM, Platform, jobs
from opendata.engines.files import FileStore
from opendata.services.access import policy
from opendata.services.harvest import runs, sources
from opendata.testing.harvest_folders import body, lay, title
from opendata.testing.load import eventually
from opendata.testing.servers import Server, scratch_folder
from opendata.testing.stand import Stand

ENDS_WITHIN = 900.0


@dataclass
class Series:
    """`run` kills at so many moments and mends each; `require_equal` compares catalogue and source."""

    stand: Stand
    datasets: int
    seed: int
    pause: float = 2.0
    """Longest time between two kills, in seconds."""
    killed: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    edition: int = 1

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311  # to be repeated, not to be secret
        self._victims = self._draw()
        self._root: Path = self.stand.city.platform.settings.data / f"kho-{self.seed}"
        lay(self._root, self.datasets)
        with self._platform.work(SYSTEM) as work:
            made = sources.create(
                work,
                type="folder",
                url=str(self._root),
                title=f"Kho {self.seed}",
                organization_id=self.stand.city.own,
            )
            sources.accept(work, made)
            self._source = made.id
        self._run = ""

    @property
    def _platform(self) -> Platform:
        return self.stand.city.platform

    # --- killing --------------------------------------------------------------------------------------

    def run(self, points: int, *, until: float = float("inf")) -> int:
        """Kill at `points` moments, or until that moment of the monotonic clock; how many there were."""
        for number in range(points):
            if time.monotonic() > until:
                return number
            self._keep_harvesting()
            time.sleep(self._random.uniform(0.05, self.pause))
            self._kill(next(self._victims))
        return points

    def _draw(self) -> Iterator[Server]:
        """Each of the five once a round, so that a short series spares none; the files are not among them."""
        while True:
            worker = self._random.choice(self.stand.workers)
            stores = [self.stand.servers[name] for name in ("postgresql", "elasticsearch", "redis")]
            victims = [self.stand.web, worker, *stores]
            self._random.shuffle(victims)
            yield from victims

    def _kill(self, victim: Server) -> None:
        """Its successor is started a little later. Nobody waits for it: more may be killed meanwhile."""
        pid = victim.pid if victim.running else 0
        if pid:  # one that did not come up again is not killed twice
            self.killed[victim.name] += 1
        victim.kill()
        time.sleep(self._random.uniform(0, 0.5))
        victim.launch()
        if victim.name == "postgresql":
            victim.wait_ready()  # whether a run is under way could not be asked
        if victim.name == "worker":
            eventually(lambda: self._time_passes(pid))

    def _time_passes(self, pid: int) -> bool:
        """For the job of a worker that is gone, where it had one."""
        with self._platform.work(SYSTEM) as work:
            owner = work.session.get_one(HarvestSource, self._source).lease_owner or ""
            if owner.split(":")[1:2] != [str(pid)]:
                return True
            running = update(Job).where(Job.state == "running").values(lease_until=work.shared_now)
            work.session.execute(running.execution_options(synchronize_session=False))
        return True

    def _keep_harvesting(self) -> None:
        """A run is always under way. Where the last one ended well the source has changed meanwhile."""
        state = self._state()
        if state in runs.ACTIVE:
            return
        self.states[state] += 1
        if state == "done":
            self.edition += 1
            lay(self._root, self.datasets, edition=self.edition)
        self._start()

    def _state(self) -> str:
        found = [""]

        def told() -> str:
            found[0] = self._read_state()
            return found[0]

        eventually(told)
        return found[0]

    def _read_state(self) -> str:
        if not self._run:
            return "none"
        with self._platform.work(SYSTEM) as work:
            runs.reap(work, self._source)
        return self.stand.run(self._run).state

    def _start(self) -> None:
        def started() -> bool:
            with self._platform.work(SYSTEM) as work:
                self._run = runs.start(work, work.session.get_one(HarvestSource, self._source)).id
            return True

        eventually(started)

    # --- judging --------------------------------------------------------------------------------------

    def finish(self) -> float:
        """All up again, a run of the present edition at its end; seconds until the index held it."""
        for server in (*self.stand.servers.values(), self.stand.web, *self.stand.workers):
            server.start()
        end = time.monotonic() + ENDS_WITHIN
        while (state := self._state()) != "done":
            assert time.monotonic() < end, f"the last run is {state}"
            if state not in runs.ACTIVE:
                self.states[state] += 1
                self._start()
            time.sleep(1)
        self.states["done"] += 1
        return eventually(self.stand.settled)

    def require_equal(self) -> None:
        """No half dataset, no duplicate, drift 0, all counts the source's."""
        expected = {title(number, self.edition): number for number in range(self.datasets)}
        with self._platform.read(SYSTEM) as work:
            found = work.session.scalars(self._of()).all()
            files = {r.dataset_id: r.sha256 for r in work.session.scalars(self._resources())}
            many = work.session.scalar(select(func.count()).select_from(self._resources().subquery()))
            known = Counter(work.session.scalars(self._records()))
            told = {row[0]: row[1] for row in work.session.execute(self._told())}
            kept = {row[0]: row[1] for row in work.session.execute(self._revisions())}
            public = work.session.scalar(
                select(func.count()).where(Dataset.state == "published", Dataset.visibility == policy.PUBLIC)
            )
            active = work.session.scalars(
                select(HarvestRun.id).where(
                    HarvestRun.source_id == self._source, HarvestRun.state.in_(runs.ACTIVE)
                )
            ).all()
        assert Counter(dataset.content["title"]["vi"] for dataset in found) == Counter(expected.keys())
        assert len({dataset.slug for dataset in found}) == self.datasets
        assert {dataset.state for dataset in found} == {"published"}
        assert many == len(files) == self.datasets
        assert known == Counter(dataset.id for dataset in found)
        assert told == kept == {dataset.id: dataset.version for dataset in found}
        assert active == []
        assert jobs.counts(self._platform).keys() <= {"failed"}
        self._require_files({files[d.id]: expected[d.content["title"]["vi"]] for d in found})
        assert self.stand.settled()
        shown = self.stand.ask("/api/v1/datasets?size=1").json()
        assert shown["meta"]["total"] == public

    def _require_files(self, numbers: dict[str | None, int]) -> None:
        store = self._platform.part(FileStore)
        for sha256, number in numbers.items():
            assert b"".join(store.open(str(sha256))) == body(number, self.edition)

    def _of(self) -> Select[Dataset]:
        return select(Dataset).where(Dataset.source_id == self._source)

    def _ids(self) -> Select[str]:
        return select(Dataset.id).where(Dataset.source_id == self._source)

    def _resources(self) -> Select[Resource]:
        return select(Resource).where(Resource.dataset_id.in_(self._ids()))

    def _records(self) -> Select[str | None]:
        return select(HarvestRecord.dataset_id).where(HarvestRecord.source_id == self._source)

    def _told(self) -> Select[str, int]:
        """How many steps of each dataset were told of."""
        steps = select(AuditEvent.object_id, func.count()).where(AuditEvent.object_type == "dataset")
        ours = select(cast(Dataset.id, String)).where(Dataset.source_id == self._source)
        return steps.where(AuditEvent.object_id.in_(ours)).group_by(AuditEvent.object_id)

    def _revisions(self) -> Select[str, int]:
        return (
            select(DatasetRevision.dataset_id, func.count())
            .where(DatasetRevision.dataset_id.in_(self._ids()))
            .group_by(DatasetRevision.dataset_id)
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--datasets", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31))
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--pause", type=float, default=2.0)
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the servers are stopped on the way out
    with scratch_folder() as folder, Stand(folder) as stand:
        series = Series(stand, wanted.datasets, wanted.seed, wanted.pause)
        _say(f"seed {wanted.seed}, {wanted.datasets} datasets")
        began = time.monotonic()
        points = series.run(wanted.points, until=began + wanted.minutes * 60)
        _say(f"{points} kills in {time.monotonic() - began:.0f} s: {dict(series.killed)}")
        caught_up = series.finish()
        _say(f"runs {dict(series.states)}, edition {series.edition}, index whole after {caught_up:.0f} s")
        series.require_equal()
        _say("no half dataset, no duplicate, drift 0, all counts the source's")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
