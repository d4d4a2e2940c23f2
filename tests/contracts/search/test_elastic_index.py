import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from elasticsearch import Elasticsearch, NotFoundError

from opendata.base.kit.errors import Conflict, Unavailable
from opendata.engines.search import Best, DocumentsRefused, Every, IndexDocument, Plan, Term, open_index
from opendata.engines.search.elastic import ElasticIndex, generations, lease, read_address
from opendata.testing.index_documents import dataset, ids, title
from opendata.testing.search_contract import SearchContract
from opendata.testing.search_paging_contract import SearchPagingContract
from opendata.testing.search_plans import compare_with_reference
from opendata.testing.search_writing_contract import SearchWritingContract


class TestElasticIndex(SearchContract, SearchWritingContract, SearchPagingContract):
    @pytest.fixture
    def index(self, opened: ElasticIndex) -> ElasticIndex:
        return opened


def test_random_plans_give_the_lists_of_the_reference(opened: ElasticIndex) -> None:
    compare_with_reference(opened, rounds=60)


def test_several_shards_give_the_same_lists(address: str) -> None:
    index = open_index(f"{address}&shards=3")
    compare_with_reference(index, rounds=30)
    index.close()


def test_nothing_of_the_text_is_analysed_by_the_server(
    opened: ElasticIndex, client: Elasticsearch, prefix: str
) -> None:
    opened.write([dataset("a", "Cảng biển")])
    ((_, held),) = client.indices.get_mapping(index=prefix).items()
    mapping = held["mappings"]
    assert not opened.info().outdated
    assert mapping["dynamic"] == "strict"
    analysers = {field.get("analyzer", "keyword") for field in mapping["properties"].values()}
    assert analysers == {"whitespace", "keyword"}


def test_the_operator_is_told_version_and_health(opened: ElasticIndex) -> None:
    assert re.fullmatch(r"Elasticsearch 9\.[\d.]+, 1 × (green|yellow)", opened.describe())


# --- several processes ----------------------------------------------------------------------------


def test_other_processes_see_writes_and_swaps(opened: ElasticIndex, other_process: ElasticIndex) -> None:
    assert other_process.search(Plan()).total == 0
    opened.write([dataset("a", "x")])
    assert ids(other_process.search(Plan())) == ["a"]
    opened.rebuild([dataset("b", "x")])
    assert ids(other_process.search(Plan())) == ["b"]
    other_process.write([dataset("c", "x", newest=1)])
    deadline = time.monotonic() + 1
    while ids(opened.search(Plan())) != ["b", "c"]:
        assert time.monotonic() < deadline


def test_processes_that_begin_together_make_one_index(
    address: str, client: Elasticsearch, prefix: str
) -> None:
    indexes = [ElasticIndex(read_address(address)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: indexes[n].write([dataset(f"d{n}", "x")]), range(4)))
    assert sorted(ids(indexes[0].search(Plan()))) == ["d0", "d1", "d2", "d3"]
    assert len(client.indices.get_alias(name=prefix)) == 1
    for index in indexes:
        index.close()


def test_one_rebuild_at_a_time_over_all_processes(opened: ElasticIndex, other_process: ElasticIndex) -> None:
    def documents() -> Iterator[IndexDocument]:
        with pytest.raises(Conflict):
            other_process.rebuild([])
        yield dataset("a", "x")

    assert opened.rebuild(documents()) == 1
    assert other_process.rebuild([dataset("b", "x"), dataset("c", "x")]) == 2


def test_a_rebuild_that_died_is_taken_over_when_its_lease_is_out(
    opened: ElasticIndex, other_process: ElasticIndex, client: Elasticsearch, prefix: str
) -> None:
    opened.write([dataset("old", "x")])
    died = other_process._generations
    died.begin()  # and never ended; writers fill it meanwhile
    opened.write([dataset("later", "x", newest=1)])
    holder = lease.Lease(client, f"{prefix}-rebuild", clock=lambda: time.time() - lease.LASTS - 1)
    holder._take()
    assert opened.rebuild([dataset("new", "x", sequence=3)]) == 1
    assert ids(opened.search(Plan())) == ["new"]
    assert not client.indices.exists_alias(name=f"{prefix}-building")


class Probe(threading.Thread):
    """Searches without pause; `fewer` lists the times it saw fewer hits than before."""

    def __init__(self, index: ElasticIndex, plan: Plan) -> None:
        super().__init__()
        self.fewer: list[tuple[int, int]] = []
        self.searches = 0
        self._index, self._plan = index, plan
        self._ended = threading.Event()

    def run(self) -> None:
        most = 0
        while not self._ended.wait(0.02):
            total = self._index.search(self._plan).total
            self.searches += 1
            if total < most:
                self.fewer.append((most, total))
            most = max(most, total)

    def end(self) -> None:
        self._ended.set()
        self.join()


def test_a_rebuild_keeps_every_hit_and_shows_each_write(
    opened: ElasticIndex, other_process: ElasticIndex
) -> None:
    stock = [dataset(f"{n:04d}", "giống nhau", sequence=1) for n in range(800)]
    opened.write(stock)
    probe = Probe(other_process, Plan(where=title("giông\u0301"), size=0))

    def documents() -> Iterator[IndexDocument]:
        for n, document in enumerate(stock):
            yield replace(document, sequence=2)
            if n % 20 == 0:
                opened.write([dataset(f"new-{n:03d}", "giống mới", sequence=1)])
                assert other_process.search(Plan(where=Term("title.fold", "moi", 1.0))).total == n // 20 + 1

    probe.start()
    opened.rebuild(documents())
    probe.end()
    assert probe.fewer == []
    assert probe.searches > 5
    assert opened.search(Plan(size=0)).total == 840


def test_what_is_written_at_the_very_end_of_a_rebuild_is_seen_before_and_after(
    opened: ElasticIndex, other_process: ElasticIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    swap = opened._generations.swap

    def swap_after_writing(name: str) -> None:
        other_process.write([dataset("late", "x")])
        assert ids(other_process.search(Plan())) == ["late"]
        swap(name)

    monkeypatch.setattr(opened._generations, "swap", swap_after_writing)
    opened.rebuild([dataset("a", "x")])
    assert sorted(ids(other_process.search(Plan()))) == ["a", "late"]
    assert other_process.sequences().keys() == {"a", "late"}


def test_a_rebuild_whose_index_is_taken_away_fails_and_the_old_one_stays(
    opened: ElasticIndex, other_process: ElasticIndex
) -> None:
    opened.write([dataset("old", "x")])

    def documents() -> Iterator[IndexDocument]:
        yield dataset("new", "x")
        other_process._generations.abandon()

    with pytest.raises(Unavailable):
        opened.rebuild(documents())
    assert ids(opened.search(Plan())) == ["old"]
    assert opened.rebuild([dataset("new", "x")]) == 1


def test_a_writer_that_gives_a_rebuild_up_as_it_goes_live_removes_nothing_that_is_live(
    opened: ElasticIndex, other_process: ElasticIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.write([dataset("old", "x")])
    rebuilding, giving_up = opened._generations, other_process._generations
    name = rebuilding.begin()
    behind = giving_up._behind

    def live_meanwhile(alias: str) -> list[str]:
        found = behind(alias)
        rebuilding.swap(name)
        return found

    monkeypatch.setattr(giving_up, "_behind", live_meanwhile)
    giving_up.abandon()
    assert rebuilding.live_index() == name
    rebuilding.swap(name)  # again, as by a try whose answer was lost
    assert rebuilding.live_index() == name


def test_an_abandoned_index_does_not_go_live(
    opened: ElasticIndex, other_process: ElasticIndex, client: Elasticsearch
) -> None:
    opened.write([dataset("old", "x")])
    name = opened._generations.begin()
    taken_off = {"remove": {"index": name, "alias": other_process._generations.building}}
    client.indices.update_aliases(actions=[taken_off])  # the first of the two steps of `abandon`
    with pytest.raises(NotFoundError):
        opened._generations.swap(name)
    assert ids(opened.search(Plan())) == ["old"]


# --- what the server refuses ------------------------------------------------------------------------


def test_one_refused_document_stops_no_other(opened: ElasticIndex) -> None:
    poison = replace(dataset("bad", "x"), visibility="v" * 40_000)
    with pytest.raises(DocumentsRefused) as refused:
        opened.write([dataset("a", "x"), poison, dataset("b", "x")])
    assert list(refused.value.reasons) == ["bad"]
    assert sorted(ids(opened.search(Plan()))) == ["a", "b"]


def test_a_rebuild_goes_live_without_the_document_that_is_refused_and_names_it(opened: ElasticIndex) -> None:
    stock = [dataset(f"{n:03d}", "x") for n in range(50)]
    poison = replace(dataset("bad", "x"), visibility="v" * 40_000)
    with pytest.raises(DocumentsRefused) as refused:
        opened.rebuild([*stock[:20], poison, *stock[20:]])
    assert list(refused.value.reasons) == ["bad"]
    assert sorted(ids(opened.search(Plan(size=100)))) == [document.id for document in stock]


def test_a_rebuild_that_most_documents_are_refused_by_does_not_go_live(opened: ElasticIndex) -> None:
    opened.write([dataset("old", "x")])
    poison = [replace(dataset(f"{n:03d}", "x"), visibility="v" * 40_000) for n in range(30)]
    with pytest.raises(DocumentsRefused):
        opened.rebuild([dataset("new", "x"), *poison])
    assert ids(opened.search(Plan())) == ["old"]


def test_an_index_of_an_older_release_is_served_until_it_is_rebuilt(
    opened: ElasticIndex, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older one knew neither topics nor the order by popularity."""
    now = generations.mapping()
    kept = {
        name: kind for name, kind in now["properties"].items() if name not in ("facet_topic", "popularity")
    }
    with monkeypatch.context() as patched:
        patched.setattr(generations, "mapping", lambda: {**now, "properties": kept})
        patched.setattr(generations, "schema_hash", lambda: "0" * 12)
        generations.Generations(opened._connection.writing, read_address(address)).ensure()
    info = opened.info()
    assert (info.outdated, info.schema) == (True, "0" * 12)
    opened.write([dataset("a", "x", facets={"topic": ["t"]}), dataset("b", "x", popularity=3)])
    assert opened.search(Plan(filters={"topic": ("t",)})).total == 1
    assert ids(opened.search(Plan(sort="popularity"))) == ["b", "a"]
    opened.rebuild([dataset("a", "x")])
    assert not opened.info().outdated


def test_an_index_that_holds_a_field_in_another_way_takes_a_rebuild(
    opened: ElasticIndex, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = generations.mapping()
    other = {**now["properties"], "newest": {"type": "boolean"}}
    with monkeypatch.context() as patched:
        patched.setattr(generations, "mapping", lambda: {**now, "properties": other})
        patched.setattr(generations, "schema_hash", lambda: "0" * 12)
        generations.Generations(opened._connection.writing, read_address(address)).ensure()
    with pytest.raises(DocumentsRefused):
        opened.write([dataset("a", "x", newest=7)])
    assert opened.info().outdated
    opened.rebuild([dataset("a", "x", newest=7)])
    assert not opened.info().outdated
    opened.write([dataset("b", "x", newest=8)])
    assert ids(opened.search(Plan())) == ["b", "a"]


def test_a_long_row_and_many_documents_are_taken(opened: ElasticIndex) -> None:
    row = {"text": "đ" * 200_000}
    opened.write([replace(dataset(f"{n:05d}", "x"), row=row if n == 7 else {}) for n in range(2500)])
    assert opened.info().documents == 2500
    assert len(opened.sequences()) == 2500
    (hit,) = [hit for hit in opened.search(Plan(size=100)).hits if hit.id == "00007"]
    assert hit.row == row


def test_a_plan_of_thousands_of_clauses_is_answered(opened: ElasticIndex) -> None:
    opened.write([dataset("a", "cảng biển"), dataset("b", "biển")])
    terms = tuple(Term(stream, f"từ{n}", 1.5) for n in range(700) for stream in ("title.exact", "body.fold"))
    where = Every((Best((title("biên\u0309"), *terms)),), optional=(*terms, title("cang\u0309", 2.0)))
    assert [(hit.id, hit.score) for hit in opened.search(Plan(where=where)).hits] == [("a", 3.0), ("b", 1.0)]


def test_a_wiped_server_gets_an_empty_index_again(
    opened: ElasticIndex, client: Elasticsearch, prefix: str
) -> None:
    opened.write([dataset("a", "x")])
    client.indices.delete(index=f"{prefix}-*")
    time.sleep(0.2)
    assert opened.search(Plan(size=7)).total == 0
    opened.write([dataset("b", "x")])
    assert ids(opened.search(Plan())) == ["b"]
