"""Several processes on one limit: what is given out is the limit, not one more and not one less."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from opendata.base.kit.errors import Invalid
from opendata.engines.counters import Cell, open_counters
from opendata.testing.servers import RedisServer

LIMIT, PROCESSES = 1000, 4
_WORKER = """
import sys, time
from opendata.engines.counters import Cell, open_counters
counters = open_counters(sys.argv[1], timeout=5.0)
cells = [Cell("q:{shared}:minute", "sliding", 10**6, 3600.0),
         Cell("q:{shared}:month", "calendar", 1000, 4_000_000_000.0)]
while time.time() < float(sys.argv[2]):
    time.sleep(0.005)
print(sum(counters.take(cells).granted for _ in range(600)))
counters.close()
"""


def granted_to_all(url: str) -> int:
    start = str(time.time() + 2.5)
    running = [
        subprocess.Popen([sys.executable, "-c", _WORKER, url, start], stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    return sum(int(process.communicate(timeout=60)[0]) for process in running)


def test_four_processes_share_a_sqlite_file(tmp_path: Path) -> None:
    assert granted_to_all(f"sqlite:///{tmp_path}/limits.sqlite3") == LIMIT


def test_four_processes_share_a_redis(redis_server: RedisServer) -> None:
    assert granted_to_all(redis_server.url.replace("/0", "/5")) == LIMIT


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mysql://x",
        "sqlite",
        *(f"redis://x?timeout={wrong}" for wrong in ("soon", "0", "-1", "nan", "inf")),
    ],
)
def test_an_unknown_store_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        open_counters(url)


def test_portals_with_names_of_their_own_share_a_redis(redis_server: RedisServer) -> None:
    address = redis_server.url.replace("/0", "/6")
    first, again, other = (open_counters(f"{address}?name={name}&timeout=5") for name in ("a", "a", "b"))
    cell = Cell("q:{named}:month", "calendar", 3, 4_000_000_000.0)
    assert [counters.take([cell]).granted for counters in (first, again, first, again)] == [1, 1, 1, 0]
    assert other.take([cell]).granted == 1
    for counters in (first, again, other):
        counters.close()
