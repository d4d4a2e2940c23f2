"""A worker keeps the timetable beside its jobs and effects; none of its tasks keeps those waiting."""

import threading
from datetime import timedelta

from opendata.base.runtime import outbox
from opendata.base.runtime.timetable import Timetable
from opendata.doors.worker import Worker
from opendata.testing.load import eventually
from opendata.testing.records import complete_record


def test_a_long_task_delays_no_effect_and_is_ended_before_the_worker(city):
    begun, let_go, ended = threading.Event(), threading.Event(), threading.Event()

    def long_task(_platform):
        begun.set()
        let_go.wait(30)
        ended.set()

    timetable = Timetable(city.platform)
    timetable.every("test.long", timedelta(hours=1), long_task)
    city.platform.register(Timetable, timetable)
    outbox.drain(city.platform)
    city.platform.after_commit = lambda: None
    worker = Worker(city.platform)
    worker.start()
    try:
        assert begun.wait(30)
        made = city.add_dataset(complete_record("Ghi trong lúc việc dài"))
        eventually(lambda: city.client().get(f"/api/v1/datasets/{made}").status_code == 200, 30)
    finally:
        let_go.set()
        worker.stop()
    assert ended.is_set()
    (standing,) = timetable.standings()
    assert standing.problem is None
    assert standing.ended_at is not None
