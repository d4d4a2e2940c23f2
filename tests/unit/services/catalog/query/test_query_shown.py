"""What a reader sees of a match: marked words, excerpts, completions while typing."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata.engines.search import SearchIndex
from opendata.services.catalog.query import Completion, Marks, Outcome, excerpt, highlight, markup, suggest
from opendata.services.catalog.query.words import phrase

LONG = (
    "Đầu tiên là lời dẫn. " * 30
    + "Sản lượng hàng hóa thông qua cảng biển tăng nhanh. "
    + "Phần cuối dài. " * 40
)


def marks(*texts: str) -> Marks:
    return Marks(fold=frozenset(word.fold for text in texts for word in phrase(text)))


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("cảng biển", "Sản lượng qua cảng biển", "Sản lượng qua <mark>cảng biển</mark>"),
        ("cang bien", "Cảng <b> & biển", "<mark>Cảng</mark> &lt;b&gt; &amp; <mark>biển</mark>"),
        ("cảng biên", "Cảng biển", "<mark>Cảng biển</mark>"),
        ("biểu phí và giá", "Biểu phí và giá theo quý", "<mark>Biểu phí và giá</mark> theo quý"),
        ("GRDP của quý", "Theo quý của GRDP", "Theo <mark>quý của GRDP</mark>"),
        ("hotel", "Khách sạn, nhà hàng", "<mark>Khách sạn</mark>, nhà hàng"),
        ("KCN", "Các khu công nghiệp", "Các <mark>khu công nghiệp</mark>"),
        ("PM2.5", "Bụi PM2.5 và bụi mịn", "Bụi <mark>PM2.5</mark> và <mark>bụi mịn</mark>"),
        ("xem", "Xe buýt", "Xe buýt"),
    ],
)  # fmt: skip
def test_matched_words_are_marked(find: Callable[..., Outcome], query: str, text: str, expected: str) -> None:
    assert markup(highlight(text, find(query).marks)) == expected


@given(st.text(max_size=200), st.text(max_size=20))
def test_segments_join_to_the_text(text: str, query: str) -> None:
    assert "".join(segment.text for segment in highlight(text, marks(query))) == text


def test_an_excerpt_shows_the_matches() -> None:
    segments = excerpt(LONG, marks("cảng biển", "hàng hóa"), length=160)
    assert [segment.text for segment in segments if segment.marked] == ["hàng hóa", "cảng biển"]
    shown = "".join(segment.text for segment in segments)
    assert len(shown) <= 170
    assert shown.startswith("… ")
    assert shown.endswith(" …")


def test_an_excerpt_without_a_match_is_the_beginning() -> None:
    shown = "".join(segment.text for segment in excerpt(LONG, Marks(), length=100))
    assert LONG.startswith(shown.removesuffix(" …"))


@given(st.text(max_size=400), st.integers(10, 100))
def test_an_excerpt_is_short(text: str, length: int) -> None:
    assert len("".join(segment.text for segment in excerpt(text, marks("a b"), length=length))) <= length + 4


# --- completions ----------------------------------------------------------------------------------------


def label(kind: str, value: str) -> str | None:
    names = {"so-xay-dung": "Sở Xây dựng", "cang-vu-hang-hai-hai-phong": "Cảng vụ Hàng hải Hải Phòng"}
    return value if kind == "tag" else names.get(value)


def complete(index: SearchIndex, text: str, **options: object) -> list[Completion]:
    return suggest(index, text, label, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "kind", "text"),
    [
        ("bệnh v", "tag", "bệnh viện"),
        ("benh v", "tag", "bệnh viện"),
        ("cảng v", "organization", "Cảng vụ Hàng hải Hải Phòng"),
        ("cang vu", "organization", "Cảng vụ Hàng hải Hải Phòng"),
        ("xay d", "organization", "Sở Xây dựng"),
        ("bảng giá đ", "dataset", "Bảng giá đất"),
        ("bang gia", "dataset", "Bảng giá đất"),
        ("tram phat s", "dataset", "Trạm phát sóng 5G"),
        ("land pr", "dataset", "Bảng giá đất"),
        ("kc", "tag", "KCN"),
        ("thủy tri", "tag", "thủy triều"),
    ],
)
def test_unfinished_words_are_completed(reference: SearchIndex, typed: str, kind: str, text: str) -> None:
    found = [(completion.kind, completion.text) for completion in complete(reference, typed)]
    assert (kind, text) in found


def test_completions_are_few_and_of_both_engines_alike(reference: SearchIndex, embedded: SearchIndex) -> None:
    for typed in ("c", "ca", "cảng", "d", "s", "th", "5", "xuất kh"):
        found = complete(reference, typed, limit=6)
        assert 0 < len(found) <= 6
        assert len(set(found)) == len(found)
        assert complete(embedded, typed, limit=6) == found


def test_nothing_is_completed_that_the_reader_may_not_see(reference: SearchIndex) -> None:
    assert complete(reference, "cảng", visible=frozenset({"org:none"})) == []


@pytest.mark.parametrize("typed", ["", "   ", "!!!", "zzzz", "(" * 2000])
def test_what_cannot_be_completed_gives_nothing(reference: SearchIndex, typed: str) -> None:
    assert complete(reference, typed) == []


def test_titles_come_in_the_language_asked_for(reference: SearchIndex) -> None:
    found = [completion.text for completion in complete(reference, "bang gia d", language="en")]
    assert "Land price table" in found
