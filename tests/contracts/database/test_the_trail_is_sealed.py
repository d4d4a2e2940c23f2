"""Seals over the trail of changes, on each database: none of its rows can be altered unseen."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import delete, update

from opendata.base.models import AuditEvent, Base
from opendata.base.runtime import SYSTEM, Platform
from opendata.base.runtime.database import connect
from opendata.services.access import audit, seals
from opendata.services.access.seals import Seal
from opendata.settings import Settings


@pytest.fixture
def platform(database_url, tmp_path) -> Iterator[Platform]:
    made = Platform(Settings(data_dir=str(tmp_path), mode="test"), connect(database_url))
    Base.metadata.create_all(made.engine)
    tell(made, 5)
    seals.seal(made)
    yield made
    made.close()


def tell(platform: Platform, events: int) -> None:
    with platform.work(SYSTEM) as work:
        for number in range(events):
            audit.record(work, "thing.edit", "thing", f"t{number}", {"số": number, "tỷ lệ": 0.5, "a": None})


def checked(platform: Platform, known: Seal | None = None) -> seals.Check:
    with platform.read(SYSTEM) as work:
        return seals.check(work, known)


def change(platform: Platform, link: int, **values: object) -> None:
    with platform.work(SYSTEM) as work:
        work.session.execute(update(AuditEvent).where(AuditEvent.link == link).values(values))


def test_the_whole_trail_is_sealed_in_its_order(platform: Platform) -> None:
    before = checked(platform)
    assert (before.newest.link, before.waiting, before.broken) == (5, 0, None)
    tell(platform, 2)
    assert checked(platform) == seals.Check(before.newest, 2)
    assert seals.seal(platform)["link"] == 7
    assert checked(platform, before.newest).broken is None


def test_many_events_are_sealed_in_one_turn(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "BATCH", 2)
    tell(platform, 5)
    seals.seal(platform)
    assert checked(platform).newest.link == 10


@pytest.mark.parametrize(
    "values",
    [{"action": "thing.delete"}, {"actor": "ai khác"}, {"object_id": "t9"}, {"data": {}}, {"seal": "0" * 64}],
    ids=lambda values: next(iter(values)),
)
def test_a_changed_event_is_seen(platform: Platform, values: dict[str, object]) -> None:
    change(platform, 3, **values)
    assert checked(platform).broken == 3


def test_an_event_that_was_taken_out_is_seen(platform: Platform) -> None:
    with platform.work(SYSTEM) as work:
        work.session.execute(delete(AuditEvent).where(AuditEvent.link == 2))
    assert checked(platform).broken == 2


def test_the_end_cannot_be_taken_off_or_written_anew_where_its_seal_was_kept(platform: Platform) -> None:
    known = checked(platform).newest
    with platform.work(SYSTEM) as work:
        last = update(AuditEvent).where(AuditEvent.link == 5)
        work.session.execute(last.values(link=None, seal=None, action="thing.other"))
    assert checked(platform).broken is None, "without the seal that was kept nobody can tell"
    assert checked(platform, known).broken == 5
    seals.seal(platform)
    assert checked(platform, known).broken == 5


def test_two_that_seal_at_once_make_one_chain(platform: Platform) -> None:
    tell(platform, 30)
    barrier = threading.Barrier(4)

    def turn() -> None:
        barrier.wait()
        seals.seal(platform)

    threads = [threading.Thread(target=turn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert checked(platform) == seals.Check(checked(platform).newest, 0)
    assert checked(platform).newest.link == 35
