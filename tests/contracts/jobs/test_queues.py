"""The contract of job queues on a SQLite file, Redis and PostgreSQL; and what happens when one is away."""

import secrets
import time

import orjson
import pytest

from opendata.base.kit.circuit import OPEN_SECONDS
from opendata.base.kit.errors import Unavailable
from opendata.engines.jobs import open_queue
from opendata.testing.databases import new_database
from opendata.testing.queue_contract import Heard, QueueContract, opened
from opendata.testing.server_fixtures import start_or_skip
from opendata.testing.servers import RedisServer


class TestSqliteQueue(QueueContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"sqlite:///{tmp_path}/jobs.db"


class TestRedisQueue(QueueContract):
    @pytest.fixture
    def url(self, redis_server):
        return f"{redis_server.url}?name=q{secrets.token_hex(4)}"


class TestPostgresQueue(QueueContract):
    @pytest.fixture
    def url(self, postgres_server):
        return new_database(postgres_server)


def test_messages_are_json_and_run_nothing_when_read(redis_server):
    name = f"q{secrets.token_hex(4)}"
    (queue,) = opened(f"{redis_server.url}?name={name}")
    queue.put("a", {"n": 1})
    (message,) = queue._huey.storage.enqueued_items()
    assert orjson.loads(message)["args"] == ["a", {"n": 1}]


def test_workers_wait_for_a_redis_that_is_away_and_go_on(server_folder):
    server = RedisServer(server_folder)
    queue = open_queue(server.url)
    with pytest.raises(Unavailable):
        queue.put("a", {})
    start_or_skip(server)
    heard = Heard()
    queue.register("a", heard.handler("a"))
    queue.start()
    time.sleep(OPEN_SECONDS)  # nobody asks for so long after a failure
    try:
        queue.put("a", {"n": 1})
        heard.wait(1)
        server.kill()
        started = time.monotonic()
        with pytest.raises(Unavailable):
            queue.put("a", {"n": 2})
        assert time.monotonic() - started < 5
        server.start()
        time.sleep(OPEN_SECONDS)
        queue.put("a", {"n": 3})
        heard.wait(2)
    finally:
        queue.close()
        server.stop()


def test_an_address_without_a_queue_is_refused():
    with pytest.raises(ValueError, match="no job queue"):
        open_queue("amqp://host")


def test_the_queue_of_the_command_line_leaves_to_a_worker_what_is_to_be_tried_later():
    queue, heard = open_queue("immediate://"), Heard()
    queue.register("a", heard.handler("a"))
    queue.put("a", {"n": 1})
    queue.put("a", {"n": 2}, delay=20.0)
    assert heard == [("a", {"n": 1})]
