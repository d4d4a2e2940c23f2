"""What every search index promises of writes and rebuilds. Subclass with a fixture `index` that gives an
empty index."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from opendata.base.kit.errors import Conflict
from opendata.engines.search.protocol import (
    ALL,
    IndexDocument,
    Plan,
    SearchIndex,
)
from opendata.testing.index_documents import dataset, ids, title


class SearchWritingContract:
    @pytest.fixture
    def index(self) -> SearchIndex:
        raise NotImplementedError

    def test_older_writes_are_ignored(self, index: SearchIndex) -> None:
        index.write([dataset("a", "mới", sequence=5)])
        index.write([dataset("a", "cũ", sequence=4)], [("a", 3)])
        (hit,) = index.search(Plan()).hits
        assert hit.row["title"]["vi"] == "mới"
        index.write([dataset("a", "mới hơn", sequence=5)])
        assert index.search(Plan(where=title("moi", form="fold"))).total == 1

    def test_the_newest_of_one_batch_counts(self, index: SearchIndex) -> None:
        index.write([dataset("a", "hai", sequence=2), dataset("a", "một"), dataset("a", "ba", sequence=3)])
        assert [hit.row["n"] for hit in index.search(Plan()).hits] == [3]
        index.write([dataset("a", "bốn", sequence=4)], [("a", 5)])
        assert index.search(Plan()).total == 0

    def test_a_deleted_dataset_is_not_brought_back_by_an_older_write(self, index: SearchIndex) -> None:
        index.write([dataset("a", "x", sequence=1)])
        index.write([], [("a", 5), ("never-seen", 7)])
        index.write([dataset("a", "x", sequence=4), dataset("never-seen", sequence=6)])
        assert index.search(Plan(visible=frozenset({ALL}))).total == 0
        assert index.sequences() == {}
        index.write([dataset("a", "x", sequence=6)])
        assert index.sequences() == {"a": (6, "public")}

    def test_an_update_leaves_nothing_of_the_old_text(self, index: SearchIndex) -> None:
        index.write([dataset("a", "cảng", sequence=1), dataset("b", "cảng")])
        index.write([dataset("a", "biển", sequence=2, visibility="org:1")])
        assert ids(index.search(Plan(where=title("cang", form="fold")))) == ["b"]
        assert index.statistics([("title.fold", "cang"), ("title.fold", "bien")]) == (
            2,
            {("title.fold", "cang"): 1, ("title.fold", "bien"): 1},
        )
        assert list(index.vocabulary("title.fold")) == [("bien", 1), ("cang", 1)]
        assert index.sequences() == {"a": (2, "org:1"), "b": (1, "public")}

    def test_statistics_and_vocabulary(self, index: SearchIndex) -> None:
        index.write([dataset("a", "cảng cảng biển"), dataset("b", "cảng cá"), dataset("c", "bến")])
        count, found = index.statistics(
            [("title.exact", "cang\u0309"), ("any.fold", "x"), ("no.stream", "x")]
        )
        assert count == 3
        assert found == {("title.exact", "cang\u0309"): 2, ("any.fold", "x"): 0, ("no.stream", "x"): 0}
        assert list(index.vocabulary("title.fold", "c")) == [("cang", 2), ("ca", 1)]
        assert list(index.vocabulary("title.fold", limit=2)) == [("cang", 2), ("ben", 1)]
        assert list(index.vocabulary("no.stream")) == []

    def test_the_generation_changes_with_what_can_be_seen(self, index: SearchIndex) -> None:
        generations = [index.info().generation]
        index.write([dataset("a")])
        generations.append(index.info().generation)
        index.write([], [("a", 2)])
        generations.append(index.search(Plan()).generation)
        index.rebuild([dataset("a", sequence=3)])
        generations.append(index.info().generation)
        assert len(set(generations)) == 4
        assert index.info().documents == 1
        assert index.search(Plan()).generation == index.info().generation

    def test_hostile_values_do_no_harm(self, index: SearchIndex) -> None:
        long = "x" * 40_000
        texts = {"title": "Tiêu đề", "description": f"{long} {'đ' * 70_000} " + "từ " * 50_000}
        odd: dict[str, Any] = {"tag": [long, "", "a b/c:d\x00e", "AND OR ("], "elsewhere": ["x"]}
        document = replace(dataset("a", facets=odd), text=texts)
        index.write([document, dataset("b", "Khác")])
        found = index.search(Plan(where=title("tiêu"), facets=("tag",)))
        assert ids(found) == ["a"]
        assert ("AND OR (", 1) in found.facets["tag"]
        assert index.search(Plan(filters={"tag": ("a b/c:d\x00e",)})).total == 1

    # --- rebuild ---------------------------------------------------------------------------------

    def test_a_rebuild_replaces_everything(self, index: SearchIndex) -> None:
        index.write([dataset("old", "x"), dataset("kept", "x")])
        assert index.rebuild([dataset("kept", "y", sequence=2), dataset("new", "y")]) == 2
        assert sorted(ids(index.search(Plan()))) == ["kept", "new"]
        assert index.search(Plan(where=title("x"))).total == 0

    def test_searches_during_a_rebuild_see_the_old_index(self, index: SearchIndex) -> None:
        index.write([dataset("old", "x")])

        def documents() -> Iterator[IndexDocument]:
            assert ids(index.search(Plan())) == ["old"]
            yield dataset("new", "y")
            assert ids(index.search(Plan())) == ["old"]

        index.rebuild(documents())
        assert ids(index.search(Plan())) == ["new"]

    def test_writes_during_a_rebuild_are_not_lost(self, index: SearchIndex) -> None:
        index.write([dataset("a", "cũ"), dataset("b", "cũ"), dataset("gone", "cũ"), dataset("d", "cũ")])
        index.write([], [("gone", 9)])

        def documents() -> Iterator[IndexDocument]:
            yield dataset("a", "đọc trước", sequence=1)
            index.write([dataset("a", "sửa", sequence=2), dataset("c", "thêm", sequence=1)], [("b", 2)])
            index.write([dataset("d", "sửa", sequence=3)])
            yield dataset("b", "đọc trước", sequence=1)
            yield dataset("gone", "đọc trước", sequence=1)
            yield dataset("d", "mới hơn", sequence=4)

        assert index.rebuild(documents()) == 3
        found = {hit.id: hit.row["title"]["vi"] for hit in index.search(Plan()).hits}
        assert found == {"a": "sửa", "c": "thêm", "d": "mới hơn"}
        index.write([dataset("gone", sequence=8), dataset("b", sequence=1)])
        assert index.search(Plan()).total == 3

    def test_a_failed_rebuild_leaves_the_old_index(self, index: SearchIndex) -> None:
        index.write([dataset("old", "x")])

        def documents() -> Iterator[IndexDocument]:
            yield dataset("new", "y")
            raise RuntimeError

        with pytest.raises(RuntimeError):
            index.rebuild(documents())
        assert ids(index.search(Plan())) == ["old"]
        index.write([dataset("two", "x")])
        assert index.rebuild([dataset("new")]) == 1

    def test_one_rebuild_at_a_time(self, index: SearchIndex) -> None:
        def documents() -> Iterator[IndexDocument]:
            with pytest.raises(Conflict):
                index.rebuild([])
            yield dataset("a")

        assert index.rebuild(documents()) == 1

    def test_threads_may_search_while_one_writes(self, index: SearchIndex) -> None:
        index.write([dataset(f"{n:03d}", "x") for n in range(50)])
        failures: list[BaseException] = []
        done = threading.Event()

        def search() -> None:
            try:
                while not done.is_set():
                    found = index.search(Plan(where=title("x"), size=60))
                    assert found.total == len(found.hits) == 50
            except BaseException as error:  # noqa: BLE001  # to be shown by the main thread
                failures.append(error)

        threads = [threading.Thread(target=search) for _ in range(3)]
        for thread in threads:
            thread.start()
        for round_ in range(2, 6):
            index.write([dataset(f"{n:03d}", "x", sequence=round_) for n in range(0, 50, 7)])
        index.rebuild([dataset(f"{n:03d}", "x", sequence=9) for n in range(50)])
        done.set()
        for thread in threads:
            thread.join()
        assert failures == []
