"""Schedules of sources: what they mean, and that their runs are started when due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from opendata.base.kit.errors import Invalid
from opendata.base.models import HarvestRun, HarvestSource, Job
from opendata.base.runtime import SYSTEM, Platform
from opendata.services.catalog import organizations
from opendata.services.harvest import due, runs, schedules, sources

CITY = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 3, 4, 20, 0, tzinfo=UTC)
"""Thursday, 3 o'clock in the morning in the city."""


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(platform: Platform) -> Clock:
    platform.clock = clock = Clock()
    return clock


def add_source(platform: Platform, schedule: str | None, *, accept: bool = True) -> str:
    with platform.work(SYSTEM) as work:
        body = organizations.create(work, {"vi": f"Sở {schedule}"})
        source = sources.create(
            work,
            type="folder",
            url=str(platform.settings.data),
            title="Thư mục",
            organization_id=body.id,
            schedule=schedule,
        )
        if accept:
            sources.accept(work, source)
        return source.id


def next_due(platform: Platform, source_id: str) -> datetime | None:
    with platform.read(SYSTEM) as work:
        return work.session.get_one(HarvestSource, source_id).next_due


def started(platform: Platform) -> list[tuple[str, str]]:
    with platform.read(SYSTEM) as work:
        query = select(HarvestRun.source_id, HarvestRun.kind).order_by(HarvestRun.queued_at)
        return [(row.source_id, row.kind) for row in work.session.execute(query)]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("0 2 * * *", datetime(2026, 3, 6, 2, 0, tzinfo=CITY)),
        ("30 3 * * *", datetime(2026, 3, 5, 3, 30, tzinfo=CITY)),
        ("0 2 * * 1", datetime(2026, 3, 9, 2, 0, tzinfo=CITY)),
        ("0 2 1 * *", datetime(2026, 4, 1, 2, 0, tzinfo=CITY)),
        ("*/15 8-17 * * MON-FRI", datetime(2026, 3, 5, 8, 0, tzinfo=CITY)),
    ],
)
def test_cron_is_read_by_the_clock_of_the_city(schedule: str, expected: datetime) -> None:
    assert schedules.following(schedule, "a", NOW, CITY) == expected


@pytest.mark.parametrize(("word", "days"), [("daily", 1), ("weekly", 7), ("hourly", 1 / 24)])
def test_a_word_spreads_sources_and_keeps_each_to_its_time(word: str, days: float) -> None:
    times = {schedules.following(word, str(number), NOW, CITY) for number in range(50)}
    assert len(times) > 40
    for number in range(50):
        first = schedules.following(word, str(number), NOW, CITY)
        second = schedules.following(word, str(number), first, CITY)
        assert second - first == timedelta(days=days)


def test_the_last_time_itself_is_not_the_following_one() -> None:
    due_at = schedules.following("0 2 * * *", "a", NOW, CITY)
    assert schedules.following("0 2 * * *", "a", due_at, CITY) == due_at + timedelta(days=1)


@pytest.mark.parametrize(
    "wrong", ["hằng ngày", "0 2 * *", "99 2 * * *", "0 0 2 * * *", "0 0 30 2 *", "@daily"]
)
def test_a_schedule_nobody_can_read_is_refused(platform: Platform, wrong: str) -> None:
    with pytest.raises(Invalid) as caught:
        add_source(platform, wrong)
    assert list(caught.value.fields) == ["schedule"]


def test_a_run_is_started_when_it_is_due_and_once(platform: Platform, clock: Clock) -> None:
    source_id = add_source(platform, "0 4 * * *")
    assert due.start(platform) == 0
    clock.now += timedelta(hours=1)
    assert [due.start(platform), due.start(platform)] == [1, 0]
    assert started(platform) == [(source_id, "scheduled")]
    assert next_due(platform, source_id) == datetime(2026, 3, 6, 4, 0, tzinfo=CITY)
    with platform.read(SYSTEM) as work:
        assert work.session.scalars(select(Job.kind)).all() == [runs.JOB]


def test_ticks_that_were_missed_start_one_run(platform: Platform, clock: Clock) -> None:
    add_source(platform, "0 4 * * *")
    clock.now += timedelta(days=9)
    assert [due.start(platform), due.start(platform)] == [1, 0]


def test_a_due_run_joins_one_that_is_still_going_on(platform: Platform, clock: Clock) -> None:
    source_id = add_source(platform, "0 4 * * *")
    with platform.work(SYSTEM) as work:
        runs.start(work, work.session.get_one(HarvestSource, source_id))
    clock.now += timedelta(hours=2)
    due.start(platform)
    assert started(platform) == [(source_id, "manual")]


@pytest.mark.parametrize("kind", ["preview", "remap"])
def test_a_run_that_reads_nothing_into_the_catalogue_takes_no_tick(
    platform: Platform, clock: Clock, kind: str
) -> None:
    source_id = add_source(platform, "0 4 * * *")
    with platform.work(SYSTEM) as work:
        other = runs.start(work, work.session.get_one(HarvestSource, source_id), kind)
    tick = next_due(platform, source_id)
    clock.now += timedelta(hours=2)
    assert due.start(platform) == 0
    assert next_due(platform, source_id) == tick
    with platform.work(SYSTEM) as work:
        runs.cancel(work, work.session.get_one(HarvestRun, other.id))
    assert due.start(platform) == 1
    assert started(platform) == [(source_id, kind), (source_id, "scheduled")]


def test_a_source_that_is_paused_or_has_no_schedule_is_never_due(platform: Platform, clock: Clock) -> None:
    paused = add_source(platform, "hourly")
    by_hand, draft = add_source(platform, None), add_source(platform, "daily", accept=False)
    with platform.work(SYSTEM) as work:
        sources.pause(work, work.session.get_one(HarvestSource, paused))
    clock.now += timedelta(days=40)
    assert due.start(platform) == 0
    assert [next_due(platform, source_id) for source_id in (paused, by_hand, draft)] == [None] * 3


def test_a_source_from_before_schedules_were_kept_gets_its_time_first(
    platform: Platform, clock: Clock
) -> None:
    source_id = add_source(platform, "0 4 * * *")
    with platform.work(SYSTEM) as work:
        work.session.get_one(HarvestSource, source_id).next_due = None
    assert due.start(platform) == 0
    assert next_due(platform, source_id) == datetime(2026, 3, 5, 4, 0, tzinfo=CITY)
    clock.now += timedelta(hours=1)
    assert due.start(platform) == 1


def test_another_schedule_counts_from_now(platform: Platform, clock: Clock) -> None:
    source_id = add_source(platform, "0 4 * * *")
    with platform.work(SYSTEM) as work:
        sources.reschedule(work, work.session.get_one(HarvestSource, source_id), "30 5 * * *")
    assert next_due(platform, source_id) == datetime(2026, 3, 5, 5, 30, tzinfo=CITY)
    with platform.work(SYSTEM) as work:
        sources.reschedule(work, work.session.get_one(HarvestSource, source_id), None)
    assert next_due(platform, source_id) is None


def test_a_schedule_nobody_can_read_keeps_no_other_source_waiting(platform: Platform, clock: Clock) -> None:
    """It may be from before schedules were checked."""
    broken, sound = add_source(platform, "0 4 * * *"), add_source(platform, "0 5 * * *")
    with platform.work(SYSTEM) as work:
        work.session.get_one(HarvestSource, broken).schedule = "mỗi đêm"
    clock.now += timedelta(hours=3)
    assert due.start(platform) == 1
    assert started(platform) == [(sound, "scheduled")]
