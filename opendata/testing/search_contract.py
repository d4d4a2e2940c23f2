"""What every search index promises. Subclass with a fixture `index` that gives an empty index."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from opendata.base.kit.errors import Conflict, Invalid
from opendata.base.kit.vietnamese import sort_key
from opendata.engines.search.protocol import (
    ALL,
    Best,
    Clause,
    Every,
    Hit,
    IndexDocument,
    Plan,
    Results,
    SearchIndex,
    Term,
)

DAY = 20_000


def dataset(
    ident: str,
    title: str = "",
    *,
    sequence: int = 1,
    visibility: str = "public",
    newest: int = DAY,
    popularity: int = 0,
    period: tuple[int, int] | None = None,
    facets: Mapping[str, Sequence[str]] | None = None,
    **text: str,
) -> IndexDocument:
    return IndexDocument(
        id=ident,
        sequence=sequence,
        visibility=visibility,
        text={"title": title, **text},
        facets=facets or {},
        sort={"newest": newest, "title": sort_key(title), "popularity": popularity},
        row={"id": ident, "title": {"vi": title}, "n": sequence},
        period=period,
    )


def title(token: str, score: float = 1.0, form: str = "exact") -> Term:
    return Term(f"title.{form}", token, score)


def ids(results: Results) -> list[str]:
    return [hit.id for hit in results.hits]


def all_pages(index: SearchIndex, plan: Plan) -> list[Hit]:
    """Every hit, followed by cursor; fails on a page that repeats."""
    hits: list[Hit] = []
    for _ in range(1000):
        page = index.search(plan).hits
        hits += page
        if len(page) < plan.size:
            return hits
        plan = replace(plan, after=page[-1].key)
    raise AssertionError("paging did not end")


class SearchContract:
    @pytest.fixture
    def index(self) -> SearchIndex:
        raise NotImplementedError

    # --- matching and scores ---------------------------------------------------------------------

    def test_an_empty_index_answers(self, index: SearchIndex) -> None:
        found = index.search(Plan(facets=("tag",)))
        assert (found.total, found.total_exact, found.hits, found.facets) == (0, 0, (), {"tag": ()})
        assert index.statistics([("title.exact", "x")]) == (0, {("title.exact", "x"): 0})
        assert list(index.vocabulary("title.exact")) == []
        assert index.sequences() == {}

    def test_a_written_row_comes_back_as_it_was(self, index: SearchIndex) -> None:
        document = dataset("a", "Cảng biển")
        index.write([document])
        (hit,) = index.search(Plan()).hits
        assert hit.id == "a"
        assert hit.row == document.row

    @pytest.mark.parametrize(
        ("clause", "expected"),
        [
            (title("ca\u0301"), ["fish"]),
            (title("ca", form="fold"), ["coast", "fish"]),
            (title("ca"), []),
            (title("c"), []),
            (title("ca\u0301 "), []),
            (Term("title.exact2", "ca\u0301_bie\u0309n", 1.0), []),
            (Term("title.fold2", "ven_bien", 1.0), ["coast"]),
            (Term("any.fold", "ca", 1.0), ["coast", "fish"]),
            (Term("nothing.exact", "ca", 1.0), []),
            (Best((title("ca\u0301"), title("ven"))), ["coast", "fish"]),
            (Best(()), []),
            (Every((title("ca", form="fold"), title("ven"))), ["coast"]),
            (Every((title("ca", form="fold"),), forbidden=(title("ven"),)), ["fish"]),
            (Every((title("ven"), title("ca\u0301"), title("xe")), at_least=1), ["coast", "fish"]),
            (Every((title("ven"), title("xe")), at_least=2), []),
            (Every(), ["coast", "fish", "quiet"]),
            (Every(forbidden=(title("ven"),)), ["fish", "quiet"]),
            (Every(optional=(title("ven"),)), ["coast", "fish", "quiet"]),
        ],
    )
    def test_clauses_match(self, index: SearchIndex, clause: Clause, expected: list[str]) -> None:
        index.write([dataset("fish", "Cá"), dataset("coast", "Cà ven biển"), dataset("quiet", "Khác")])
        found = index.search(Plan(where=clause))
        assert sorted(ids(found)) == expected
        assert found.total == found.total_exact == len(expected)

    def test_scores_are_sums_of_what_matched(self, index: SearchIndex) -> None:
        index.write([dataset("a", "một hai"), dataset("b", "một hai ba ba"), dataset("c", "một")])
        where = Every(
            (Best((title("mo\u0323t".replace("o\u0323t", "ôt\u0323"), 1.25), title("mot", 0.5, "fold"))),),
            optional=(title("hai", 2.0001), Every((title("hai"), title("ba", 3.5)))),
        )
        found = index.search(Plan(where=where))
        assert [(hit.id, hit.score) for hit in found.hits] == [("b", 7.7501), ("a", 3.2501), ("c", 1.25)]

    def test_a_term_of_any_field_may_be_optional(self, index: SearchIndex) -> None:
        index.write([dataset("a", "x cảng"), dataset("b", "x", description="cảng"), dataset("c", "x")])
        for held in ((Term("main.fold", "cang", 2.0),), (Term("any.fold", "cang", 4.0),)):
            found = index.search(Plan(where=Every((title("x"),), optional=held)))
        assert [(hit.id, hit.score) for hit in found.hits] == [("a", 5.0), ("b", 5.0), ("c", 1.0)]

    def test_a_term_counts_once_however_often_it_stands(self, index: SearchIndex) -> None:
        index.write([dataset("a", "cảng cảng cảng", newest=1), dataset("b", "cảng", newest=2)])
        found = index.search(Plan(where=title("cang\u0309", 1.5)))
        assert [(hit.id, hit.score) for hit in found.hits] == [("b", 1.5), ("a", 1.5)]

    def test_great_sums_keep_their_order(self, index: SearchIndex) -> None:
        index.write([dataset("a", "x y"), dataset("b", "x"), dataset("c", "x z")])
        where = Every((title("x", 9000.0),), (title("y", 0.5), title("z", 1.0)))
        assert ids(index.search(Plan(where=where))) == ["c", "a", "b"]

    def test_parts_of_a_field_make_no_phrase_together(self, index: SearchIndex) -> None:
        index.write([dataset("a", tags="cảng\nbiển"), dataset("b", tags="cảng biển\nkhác")])
        assert ids(index.search(Plan(where=Term("tags.fold2", "cang_bien", 1.0)))) == ["b"]

    def test_both_compositions_are_one_text(self, index: SearchIndex) -> None:
        index.write([dataset("a", "Thu\u0309y triều"), dataset("b", "Thuỷ triều")])
        assert index.search(Plan(where=title("thuy\u0309"))).total == 2

    # --- order and pages -------------------------------------------------------------------------

    def test_equal_scores_put_newer_data_first_then_the_id(self, index: SearchIndex) -> None:
        index.write([dataset("b", "x", newest=5), dataset("a", "x", newest=5), dataset("c", "x", newest=9)])
        assert ids(index.search(Plan(where=title("x")))) == ["c", "a", "b"]

    def test_near_matches_come_last_in_every_order(self, index: SearchIndex) -> None:
        index.write(
            [
                dataset("a", "bão", newest=1, popularity=1),
                dataset("b", "báo", newest=9, popularity=9, description="báo"),
                dataset("c", "Z bão", newest=3, popularity=2),
            ]
        )
        where = Every((title("bao", form="fold"),), (Term("description.fold", "bao", 50.0),))
        for sort, expected in [
            ("relevance", "cab"),
            ("newest", "cab"),
            ("title", "acb"),
            ("popularity", "cab"),
        ]:
            found = index.search(Plan(where=where, exact=title("bao\u0303"), sort=sort))
            assert "".join(ids(found)) == expected, sort
            assert [hit.near for hit in found.hits] == [False, False, True]
            assert (found.total, found.total_exact) == (3, 2)

    def test_titles_sort_in_vietnamese_order(self, index: SearchIndex) -> None:
        names = ["Hải An", "Đồ Sơn", "Dương Kinh", "Ân Thi", "An Lão", "Cát Hải", "Cát Bà"]
        index.write([dataset(f"id-{n}", name) for n, name in enumerate(names)])
        found = index.search(Plan(sort="title"))
        assert [hit.row["title"]["vi"] for hit in found.hits] == [
            "An Lão", "Ân Thi", "Cát Bà", "Cát Hải", "Dương Kinh", "Đồ Sơn", "Hải An",
        ]  # fmt: skip

    def test_popular_ones_first(self, index: SearchIndex) -> None:
        index.write([dataset("a", popularity=3), dataset("b", popularity=700), dataset("c", newest=1)])
        assert ids(index.search(Plan(sort="popularity"))) == ["b", "a", "c"]

    @pytest.mark.parametrize("sort", ["relevance", "newest", "title", "popularity"])
    @pytest.mark.parametrize("with_query", [True, False])
    def test_pages_hold_every_hit_once(self, index: SearchIndex, sort: str, with_query: bool) -> None:
        for start in range(0, 250, 50):  # in parts, as an index grows
            index.write([dataset(f"set-{n:04d}", "giống nhau") for n in range(start, start + 50)])
        where = title("giong", form="fold") if with_query else None
        hits = all_pages(index, Plan(where=where, sort=sort, size=20))
        assert [hit.id for hit in hits] == [f"set-{n:04d}" for n in range(250)]

    def test_an_edit_between_pages_neither_repeats_nor_loses_the_others(self, index: SearchIndex) -> None:
        index.write([dataset(f"set-{n:04d}", "giống", newest=n) for n in range(60)])
        plan = Plan(where=title("giông\u0301"), size=20)
        seen = list(index.search(plan).hits)
        index.write([dataset("set-0005", "giống", sequence=2, newest=DAY)])
        seen += all_pages(index, replace(plan, after=seen[-1].key))
        assert len({hit.id for hit in seen}) == len(seen) == 59
        assert {f"set-{n:04d}" for n in range(60)} - {hit.id for hit in seen} == {"set-0005"}

    def test_pages_run_from_exact_to_near_matches(self, index: SearchIndex) -> None:
        index.write([dataset(f"x{n}", "bão" if n % 3 else "báo", newest=n) for n in range(30)])
        plan = Plan(where=title("bao", form="fold"), exact=title("bao\u0303"), size=7)
        hits = all_pages(index, plan)
        assert len({hit.id for hit in hits}) == 30
        assert [hit.near for hit in hits] == [False] * 20 + [True] * 10
        for size in (1, 19, 20, 21, 100):
            assert [hit.id for hit in all_pages(index, replace(plan, size=size))] == [hit.id for hit in hits]

    def test_a_page_of_nothing_still_counts(self, index: SearchIndex) -> None:
        index.write([dataset("a", "x", facets={"tag": ["t"]})])
        found = index.search(Plan(size=0, facets=("tag",)))
        assert (found.total, found.hits, found.facets) == (1, (), {"tag": (("t", 1),)})

    # --- scope -----------------------------------------------------------------------------------

    def test_only_visible_ones_are_found_and_counted(self, index: SearchIndex) -> None:
        index.write(
            [
                dataset("a", "x", facets={"tag": ["t"]}),
                dataset("b", "x", visibility="org:1", facets={"tag": ["t"]}),
                dataset("c", "x", visibility="org:2", facets={"tag": ["t"]}),
            ]
        )
        for visible, expected in [
            ({"public"}, ["a"]),
            ({"public", "org:2"}, ["a", "c"]),
            ({ALL}, ["a", "b", "c"]),
            (set[str](), []),
        ]:
            for where in (title("x"), None):
                plan = Plan(where=where, visible=frozenset(visible), facets=("tag",))
                found = index.search(plan)
                assert ids(found) == expected
                assert sum(count for _, count in found.facets["tag"]) == found.total == len(expected)

    def test_filters_are_alternatives_within_and_required_between_facets(self, index: SearchIndex) -> None:
        index.write(
            [
                dataset("a", facets={"tag": ["t", "u"], "format": ["CSV"]}),
                dataset("b", facets={"tag": ["u"], "format": ["XLSX"]}),
                dataset("c", facets={"tag": ["v"], "format": ["CSV"]}),
            ]
        )

        def found(**filters: tuple[str, ...]) -> list[str]:
            return ids(index.search(Plan(filters=filters)))

        assert found(tag=("u",)) == ["a", "b"]
        assert found(tag=("t", "v")) == ["a", "c"]
        assert found(tag=("u", "v"), format=("CSV",)) == ["a", "c"]
        assert found(tag=()) == []
        assert found(unknown=("x",)) == []
        assert found(tag=("T",)) == []

    def test_a_facet_is_not_narrowed_by_its_own_filter(self, index: SearchIndex) -> None:
        index.write(
            [
                dataset("a", facets={"tag": ["t", "u", "u"], "format": ["CSV"]}),
                dataset("b", facets={"tag": ["u"], "format": ["XLSX"]}),
                dataset("c", facets={"tag": ["v"], "format": ["CSV"]}),
            ]
        )
        found = index.search(Plan(filters={"tag": ("u",)}, facets=("tag", "format", "theme")))
        assert found.total == 2
        assert found.facets == {
            "tag": (("u", 2), ("t", 1), ("v", 1)),
            "format": (("CSV", 1), ("XLSX", 1)),
            "theme": (),
        }
        both = index.search(Plan(filters={"tag": ("u",), "format": ("CSV",)}, facets=("tag", "format")))
        assert both.facets == {
            "tag": (("t", 1), ("u", 1), ("v", 1)),
            "format": (("CSV", 1), ("XLSX", 1)),
        }

    def test_facet_values_are_cut_after_the_most_frequent(self, index: SearchIndex) -> None:
        index.write([dataset(f"{n:03d}", facets={"tag": [f"t{n % 40:02d}"]}) for n in range(100)])
        index.write([dataset(f"x{n:03d}", facets={"tag": [f"t{n % 7:02d}"]}) for n in range(10)])
        found = index.search(Plan(facets=("tag",), facet_size=5))
        assert found.facets["tag"] == (("t00", 5), ("t01", 5), ("t02", 5), ("t03", 4), ("t04", 4))

    def test_periods_overlap_or_are_unknown(self, index: SearchIndex) -> None:
        index.write(
            [
                dataset("a", period=(100, 200)),
                dataset("b", period=(201, 300)),
                dataset("c"),
                dataset("d", period=(-50, 99)),
            ]
        )

        def found(start: int, end: int) -> str:
            return "".join(ids(index.search(Plan(period=(start, end)))))

        assert found(200, 201) == "abc"
        assert found(0, 50) == "cd"
        assert found(301, 400) == "c"
        assert found(-100, 400) == "abcd"

    @pytest.mark.parametrize(
        "cursor",
        [(), (1,), ("x",) * 5, (False, 1, 1, "a"), (False, -1, -1, "a", "1"), (False, -1, -(10**30), "a", 1),
         (None, None, None, None, None), (False, True, 1, "a", 1), (False, -1, "a", 1)],
    )  # fmt: skip
    def test_a_foreign_cursor_is_invalid(self, index: SearchIndex, cursor: tuple[Any, ...]) -> None:
        index.write([dataset("a", "x")])
        with pytest.raises(Invalid):
            index.search(Plan(where=title("x"), after=cursor))

    # --- writing ---------------------------------------------------------------------------------

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
