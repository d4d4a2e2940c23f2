"""What every job queue promises. Subclass with a fixture `url` of an empty queue."""

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from opendata.engines.jobs import Queue, open_queue

SECONDS = 15.0


class Heard(list[tuple[str, Mapping[str, Any]]]):
    """Handlers that keep what they were called with."""

    def handler(self, name: str) -> Any:
        return lambda arguments: self.append((name, dict(arguments)))

    def wait(self, number: int) -> None:
        end = time.monotonic() + SECONDS
        while len(self) < number and time.monotonic() < end:
            time.sleep(0.02)
        assert len(self) >= number, f"{len(self)} of {number} jobs came"


class QueueContract:
    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def queue(self, url: str) -> Iterator[Queue]:
        yield from opened(url)

    @pytest.fixture
    def other(self, url: str) -> Iterator[Queue]:
        """The same queue as another process opens it."""
        yield from opened(url)

    def test_a_job_reaches_the_handler_of_its_kind_with_its_arguments(self, queue: Queue) -> None:
        heard = Heard()
        for name in ("a", "b"):
            queue.register(name, heard.handler(name))
        queue.put("a", {"tên": "Đồ Sơn", "n": [1, None, 2.5]})
        queue.put("b", {})
        assert queue.waiting() == 2
        queue.start()
        heard.wait(2)
        assert sorted(heard) == [("a", {"tên": "Đồ Sơn", "n": [1, None, 2.5]}), ("b", {})]
        assert queue.waiting() == 0

    def test_what_one_process_puts_another_performs(self, queue: Queue, other: Queue) -> None:
        heard = Heard()
        other.register("a", heard.handler("other"))
        other.start()
        queue.put("a", {"n": 1})
        heard.wait(1)
        assert heard == [("other", {"n": 1})]

    def test_two_workers_share_the_jobs_and_double_none(self, queue: Queue, other: Queue) -> None:
        heard = Heard()
        for worker in (queue, other):
            worker.register("a", heard.handler("a"))
            worker.start()
        for n in range(40):
            queue.put("a", {"n": n})
        heard.wait(40)
        time.sleep(0.3)
        assert sorted(arguments["n"] for _, arguments in heard) == list(range(40))

    def test_a_delayed_job_waits(self, queue: Queue) -> None:
        heard = Heard()
        queue.register("a", heard.handler("a"))
        queue.start()
        started = time.monotonic()
        queue.put("a", {}, delay=1.0)
        heard.wait(1)
        assert 0.5 <= time.monotonic() - started < SECONDS

    def test_a_job_that_fails_does_not_end_the_worker(self, queue: Queue) -> None:
        heard = Heard()
        queue.register("bad", _fail)
        queue.register("good", heard.handler("good"))
        queue.start()
        queue.put("bad", {})
        queue.put("good", {})
        heard.wait(1)

    def test_stopping_waits_for_the_job_at_hand(self, queue: Queue) -> None:
        begun, done = threading.Event(), []

        def slow(_arguments: Mapping[str, Any]) -> None:
            begun.set()
            time.sleep(0.5)
            done.append(1)

        queue.register("a", slow)
        queue.start()
        queue.put("a", {})
        assert begun.wait(SECONDS)
        queue.stop()
        assert done == [1]


def opened(url: str) -> Iterator[Queue]:
    queue = open_queue(url)
    yield queue
    queue.stop()
    queue.close()  # type: ignore[attr-defined]


def _fail(_arguments: Mapping[str, Any]) -> None:
    raise RuntimeError("this job never works")
