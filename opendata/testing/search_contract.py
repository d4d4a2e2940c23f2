"""What every search index promises of its answers. Subclass with a fixture `index` that gives an empty
index."""

from dataclasses import replace
from typing import Any

import pytest

from opendata.base.kit.errors import Invalid
from opendata.engines.search.protocol import (
    ALL,
    Best,
    Clause,
    Every,
    Plan,
    SearchIndex,
    Term,
)
from opendata.testing.index_documents import DAY, all_pages, dataset, ids, title


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
