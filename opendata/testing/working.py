"""Jobs done by the queue of the process that tests."""

from sqlalchemy import select

from opendata.base.models import Job
from opendata.base.runtime import SYSTEM, Platform
from opendata.engines.jobs import Queue
from opendata.testing.load import eventually


def done_job(platform: Platform, kind: str) -> Job:
    """The one job of its kind as it stands once the queue has done it."""

    def job() -> Job:
        with platform.read(SYSTEM) as work:
            return work.session.scalars(select(Job).where(Job.kind == kind)).one()

    queue = platform.part(Queue)
    queue.start()
    try:
        eventually(lambda: job().ended_at is not None, 10)
    finally:
        queue.stop()
    return job()
