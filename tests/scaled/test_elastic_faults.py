"""One Elasticsearch node that is killed, frozen, slow or behind a password, as the index sees it."""

import threading
import time
import uuid
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from opendata.base.kit.errors import OpenDataError, Unavailable
from opendata.engines.search import Plan, open_index
from opendata.engines.search.elastic import ElasticIndex, read_address
from opendata.testing.index_documents import dataset, ids, title
from opendata.testing.server_fixtures import start_or_skip
from opendata.testing.servers import DelayProxy, ElasticNode
from opendata.testing.servers.guarded import GuardedElasticNode


@pytest.fixture(scope="module")
def node(server_folder: Path) -> Iterator[ElasticNode]:
    """Its own, so that no other test's index dies with it."""
    server = ElasticNode(server_folder)
    try:
        yield start_or_skip(server)
    finally:
        server.stop()


@pytest.fixture
def index(node: ElasticNode) -> Iterator[ElasticIndex]:
    name = f"f{uuid.uuid4().hex[:8]}"
    opened = ElasticIndex(read_address(f"elasticsearch://127.0.0.1:{node.port}/{name}?timeout=5"))
    opened.write([dataset("a", "x"), dataset("b", "x")])
    yield opened
    opened.close()


def answer_of(index: ElasticIndex, plan: Plan) -> tuple[float, int | str]:
    """(seconds, number of hits or code of the refusal)."""
    started = time.monotonic()
    try:
        found: int | str = index.search(plan).total
    except OpenDataError as refusal:
        found = refusal.code
    return time.monotonic() - started, found


def until_found(index: ElasticIndex, expected: int, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while answer_of(index, Plan(where=title("x"), size=1))[1] != expected:
        assert time.monotonic() < end, "search is not back"
        time.sleep(0.1)


def test_a_killed_node_costs_no_waiting_and_nothing_it_acknowledged(
    node: ElasticNode, index: ElasticIndex
) -> None:
    node.kill()
    answers = [answer_of(index, Plan(size=n)) for n in range(1, 8)]
    assert {found for _, found in answers} == {Unavailable.code}
    assert all(seconds < 1 for seconds, _ in answers)
    assert max(seconds for seconds, _ in answers[3:]) < 0.05, "the circuit is open"
    with pytest.raises(Unavailable):
        index.write([dataset("c", "x")])
    node.start()
    until_found(index, 2)
    index.write([dataset("c", "x")])
    assert sorted(ids(index.search(Plan()))) == ["a", "b", "c"]


def test_a_frozen_node_holds_a_search_no_longer_than_the_time_limit(node: ElasticNode) -> None:
    index = ElasticIndex(read_address(f"elasticsearch://127.0.0.1:{node.port}/frozen?timeout=1"))
    patient = ElasticIndex(read_address(f"elasticsearch://127.0.0.1:{node.port}/frozen?timeout=30"))
    patient.write([dataset("a", "x")])
    node.freeze()
    try:
        answers = [answer_of(index, Plan(size=n)) for n in range(1, 8)]
    finally:
        node.thaw()
    assert {found for _, found in answers} == {Unavailable.code}
    assert all(seconds < 2.5 for seconds, _ in answers)
    assert sum(seconds < 0.05 for seconds, _ in answers) >= 3, "the circuit is open"
    until_found(patient, 1)
    until_found(index, 1)
    index.close()
    patient.close()


def test_a_slow_way_is_slow_and_a_cut_one_is_tried_again(node: ElasticNode) -> None:
    with DelayProxy(node.port) as proxy:
        index = ElasticIndex(
            read_address(f"elasticsearch://127.0.0.1:{proxy.port}/proxied?timeout=10"), seen_within=0.0
        )
        index.write([dataset("a", "x")])
        proxy.delay = 0.2
        seconds, found = answer_of(index, Plan(size=3))
        assert found == 1
        assert seconds >= 0.4
        proxy.delay = 0.0
        proxy.reset()
        assert answer_of(index, Plan(size=4))[1] == 1
        proxy.refusing = True
        proxy.reset()
        assert answer_of(index, Plan(size=5))[1] == Unavailable.code
        proxy.refusing = False
        until_found(index, 1)
        index.close()


def test_a_second_address_is_used_where_the_first_is_dead(node: ElasticNode) -> None:
    with DelayProxy(node.port) as proxy:
        url = f"elasticsearch://127.0.0.1:{proxy.port},127.0.0.1:{node.port}/two?timeout=10"
        index = ElasticIndex(read_address(url), seen_within=0.0)
        index.write([dataset("a", "x")])
        proxy.refusing = True
        proxy.reset()
        assert [answer_of(index, Plan(size=n))[1] for n in range(1, 20)] == [1] * 19
        index.write([dataset("b", "x")])
        assert index.search(Plan()).total == 2
        index.close()


def test_a_write_that_met_a_kill_is_done_once_when_repeated(node: ElasticNode, index: ElasticIndex) -> None:
    """The outbox repeats what was not acknowledged; the newest sequence stays."""
    written: list[int] = []
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            try:
                index.write([dataset("busy", f"x {number}", sequence=number)])
                written.append(number)
                number += 1
            except Unavailable:
                time.sleep(0.05)

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(2):
        time.sleep(1.5)
        node.kill()
        node.start()
    time.sleep(1)
    ended.set()
    writer.join()
    until_found(index, 3)
    (hit,) = [hit for hit in index.search(Plan()).hits if hit.id == "busy"]
    assert hit.row["n"] == written[-1]
    assert len(written) > 5


def test_a_guarded_cluster_over_tls_is_reached_with_its_password_only(
    guarded: GuardedElasticNode, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(guarded.password)
    place = f"localhost:{guarded.port}/guarded?tls=true&timeout=30"
    trusted = f"{place}&ca_file={guarded.ca_file}"
    index = open_index(f"elasticsearch://elastic@{trusted}&password_file={secret}")
    index.write([dataset("a", "x")])
    assert index.search(Plan()).total == 1
    index.close()
    for refused in (trusted, f"elastic:wrong@{trusted}", f"elastic:{guarded.password}@{place}"):
        other = open_index(f"elasticsearch://{refused}")
        with pytest.raises(Unavailable):
            other.search(Plan())
        other.close()


def test_an_api_key_of_the_cluster_opens_its_own_index_and_no_other_key_does(
    guarded: GuardedElasticNode, tmp_path: Path
) -> None:
    """It may do no more than docs/scaling.md asks for."""
    own = {"names": ["keyed", "keyed-*"], "privileges": ["all"]}
    key = guarded.make_api_key({"portal": {"cluster": ["monitor"], "indices": [own]}})
    secret, wrong = tmp_path / "key", tmp_path / "wrong"
    secret.write_text(f"{key}\n")
    wrong.write_text(b64encode(b64decode(key)[:-1] + b"?").decode())
    place = f"localhost:{guarded.port}/{{}}?tls=true&timeout=30&ca_file={guarded.ca_file}&api_key_file={{}}"
    index = open_index("elasticsearch://" + place.format("keyed", secret))
    index.write([dataset("a", "x")])
    assert index.rebuild([dataset("a", "x", sequence=2), dataset("b", "x")]) == 2
    assert sorted(ids(index.search(Plan(where=title("x"))))) == ["a", "b"]
    index.close()
    for refused in (place.format("keyed", wrong), place.format("another", secret)):
        other = open_index(f"elasticsearch://{refused}")
        with pytest.raises(Unavailable):
            other.search(Plan())
        other.close()


@pytest.fixture(scope="module")
def guarded(server_folder: Path) -> Iterator[GuardedElasticNode]:
    server = GuardedElasticNode(server_folder)
    try:
        yield start_or_skip(server)
    finally:
        server.stop()
