"""What is made of the text of a query, and that all of it is on record and can be undone."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opendata.base.kit.vietnamese import fold, tokens
from opendata.base.kit.vocabularies import Vocabularies
from opendata.demo import catalogue as city
from opendata.engines.search import IndexDocument, SearchIndex, open_index
from opendata.services.catalog.query import Interpretation, Lexicon, Outcome, interpret, search
from opendata.services.catalog.query.words import phrase

AREAS = (
    "administration economy budget business ports construction transport digital health education environment"
).split()
NAMED_IN_THE_DESIGN = (
    "UBND HĐND TP KCN KKT XNK XK NK DVC CĐS CQS CSDL KTXH NSNN GTVT BĐS GPMB ĐVHC VSATTP PCCC BHXH THPT THCS "
    "TNHH HTX BQL"
).split()


def read(lexicon: Lexicon, text: str, **options: Any) -> Interpretation:
    return interpret(text, lexicon, **options)


def records(interpretation: Interpretation, kind: str) -> list[tuple[str, str]]:
    return [(found.typed, found.meaning) for found in interpretation.rewritings if found.kind == kind]


# --- abbreviations -----------------------------------------------------------------------------------


def test_the_table_covers_the_areas_of_a_city() -> None:
    table = Vocabularies().table("abbreviations")
    assert set(AREAS) <= set(table)
    assert sum(map(len, table.values())) >= 120
    assert set(NAMED_IN_THE_DESIGN) <= {written for area in table.values() for written in area}


def test_every_abbreviation_of_the_catalogue_is_known(lexicon: Lexicon) -> None:
    """Tags in capitals and the short names of the bodies."""
    written = {body.abbreviation for body in city.bodies() if body.abbreviation.isupper()}
    for dataset in city.datasets().values():
        written |= {tag for tag in dataset.keywords["vi"] if tag.isupper() and tag.isalpha()}
    assert [token for text in sorted(written) for token in text.split() if not lexicon.meanings(token)] == []


@pytest.mark.parametrize("typed", ["TN&MT", "tn&mt", "TN & MT", "TNMT", "Sở TN&MT,", "(TN&MT)"])
def test_an_abbreviation_is_read_before_the_text_is_cut(lexicon: Lexicon, typed: str) -> None:
    (found,) = records(read(lexicon, typed), "abbreviation")
    assert fold(found[1]) in {"tai nguyen va moi truong", "tai nguyen moi truong"}


def test_all_abbreviations_of_a_query_expand_together(lexicon: Lexicon) -> None:
    found = records(read(lexicon, "TTHC của UBND TP"), "abbreviation")
    assert found == [
        ("TTHC", "thủ tục hành chính"),
        ("UBND", "Ủy ban nhân dân"),
        ("TP", "thành phố"),
    ]


def test_an_abbreviation_keeps_what_was_typed_as_a_way(lexicon: Lexicon) -> None:
    (unit,) = read(lexicon, "KCN").units
    assert unit.variants[0].words == phrase("KCN")
    assert unit.variants[0].weight == 1.0
    assert unit.variants[1].words == phrase("khu công nghiệp")
    assert unit.variants[1].weight == 0.95


def test_what_reads_like_a_syllable_counts_in_capitals_only(lexicon: Lexicon) -> None:
    assert lexicon.meanings("DA")
    assert not lexicon.meanings("da")
    assert not lexicon.meanings("Da")
    assert not records(read(lexicon, "dã ngoại"), "abbreviation")
    assert not records(read(lexicon, "DA DẠNG SINH HỌC"), "abbreviation")


@pytest.mark.parametrize(
    "typed", ["HP-017-XD", "hp-017-xd", '"HP-018-XD"', "HP 017 XD", "5264/QĐ-UBND", "a/TP-2/b"]
)
def test_a_part_of_a_code_is_no_abbreviation(lexicon: Lexicon, typed: str) -> None:
    assert records(read(lexicon, typed), "abbreviation") == []


@pytest.mark.parametrize("typed", ["05 KCN", "12 KCN", "KCN 3, lô 2", "KCN-KKT", "KCN,2", "KCN (2-3 lô)"])
def test_an_abbreviation_may_be_counted(lexicon: Lexicon, typed: str) -> None:
    assert ("KCN", "khu công nghiệp") in records(read(lexicon, typed), "abbreviation")


def test_marks_other_than_the_stroke_make_another_word(lexicon: Lexicon) -> None:
    assert lexicon.meanings("CĐS") == lexicon.meanings("cds") == lexicon.meanings("CDS")
    assert not lexicon.meanings("cás")


# --- bodies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("Sở Nông nghiệp và Môi trường", {"nnmt", "nn&mt", "snnmt", "snn&mt", "nnvmt"}),
        ("Sở Văn hóa, Thể thao và Du lịch", {"vhttdl", "vhtt&dl", "svhttdl"}),
        ("Sở Lao động - Thương binh và Xã hội", {"ldtbxh", "sldtbxh", "ldtb&xh"}),
        ("Ban Quản lý Khu kinh tế Hải Phòng", {"bqlkkt", "qlkkt", "bqlkkthp"}),
        ("Sở Giáo dục và Đào tạo", {"gddt", "sgddt", "gd&dt"}),
    ],
)
def test_initialisms_are_made_by_rule(lexicon: Lexicon, name: str, keys: set[str]) -> None:
    assert keys <= lexicon.initialisms_of(name)


@pytest.mark.parametrize(
    "typed", ["Sở Giao thông vận tải", "so giao thong van tai", "Sở GTVT", "SGTVT", "GTVT"]
)
def test_a_renamed_body_is_told(lexicon: Lexicon, typed: str) -> None:
    assert ("Sở Giao thông vận tải", "Sở Xây dựng") in records(read(lexicon, typed), "renamed")


def test_a_former_body_leads_to_all_that_followed_it(lexicon: Lexicon) -> None:
    (found,) = records(read(lexicon, "Sở Thông tin và Truyền thông"), "renamed")
    assert found[1] == "Sở Khoa học và Công nghệ, Sở Văn hóa, Thể thao và Du lịch"


def test_a_present_body_is_not_called_renamed(lexicon: Lexicon) -> None:
    for body in city.bodies():
        for typed in (body.name["vi"], body.abbreviation):
            assert records(read(lexicon, typed), "renamed") == []


def test_the_note_of_a_renamed_body_is_a_sentence(find: Callable[..., Outcome]) -> None:
    sentences = [message % values for message, values in find("Sở GTVT").notes]
    assert "Sở Giao thông vận tải nay thuộc Sở Xây dựng." in sentences


def test_successors_are_found_without_the_former_name_in_their_text(lexicon: Lexicon) -> None:
    """The register alone knows it: the documents name the present body only."""
    index = open_index("memory://")
    index.write([document("a", "Cầu đường", body="Sở Xây dựng"), document("b", "Cầu", body="Sở Y tế")])
    assert [hit.id for hit in search(index, lexicon, "Sở GTVT").results.hits] == ["a"]


# --- synonyms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hotel", "khách sạn"),
        ("khach san", "accommodation"),
        ("Cơ sở lưu trú", "hotel"),
        ("vessels", "tàu"),
        ("công-ten-nơ", "container"),
        ("trường", "school"),
    ],
)
def test_synonyms_go_both_ways(lexicon: Lexicon, typed: str, meant: str) -> None:
    (unit,) = read(lexicon, typed).units
    weights = {variant.words: variant.weight for variant in unit.variants}
    assert weights[phrase(meant)] == 0.7


def test_a_wrong_mark_has_no_synonym(lexicon: Lexicon) -> None:
    assert not records(read(lexicon, "tấu"), "synonym")
    assert not records(read(lexicon, "môi trường học"), "abbreviation")


def test_part_of_a_word_has_no_synonym(lexicon: Lexicon) -> None:
    assert not records(read(lexicon, "shipyard"), "synonym")


# --- noise, fillers, time ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        ("dữ liệu giá đất", "giá đất"),
        ("so lieu gia dat", "gia dat"),
        ("danh sách cầu cảng excel", "cầu cảng"),
        ("download data về cảng", "về cảng"),
        ("dữ liệu", "dữ liệu"),
        ("file excel csv", "file excel csv"),
        ("tai chinh", "tai chinh"),
    ],
)
def test_noise_is_dropped_unless_nothing_is_left(lexicon: Lexicon, typed: str, searched: str) -> None:
    assert read(lexicon, typed).searched == searched


def test_noise_that_a_title_holds_stays(lexicon: Lexicon) -> None:
    held = phrase("dữ liệu mở")

    def holds(words: tuple[Any, ...]) -> bool:
        return words in {held[:2], held}

    assert read(lexicon, "dữ liệu mở", holds=holds).searched == "dữ liệu mở"
    assert read(lexicon, "dữ liệu kín", holds=holds).searched == "kín"


def test_fillers_are_optional_only_as_listed(lexicon: Lexicon) -> None:
    required = {unit.typed[0].word.exact: unit.required for unit in read(lexicon, "cảng của tỉnh").units}
    assert required[phrase("của")[0].exact] is False
    assert [unit.required for unit in read(lexicon, "cua bien").units] == [True, True]


def test_only_fillers_are_searched_for(find: Callable[..., Outcome]) -> None:
    assert find("của").results.total > 0


def test_time_words_become_a_filter(lexicon: Lexicon) -> None:
    found = read(lexicon, "GRDP quý III/2025")
    assert found.searched == "GRDP"
    assert found.period is not None
    assert found.period.text == "quý III/2025"
    assert records(found, "time") == [("quý III/2025", "")]


def test_a_time_that_leaves_nothing_is_lifted_with_a_notice(lexicon: Lexicon) -> None:
    index = open_index("memory://")
    index.write([document("a", "Giá đất", period=(18_000, 18_300))])
    assert search(index, lexicon, "giá đất 2019").step is None
    lifted = search(index, lexicon, "giá đất 2031")
    assert [hit.id for hit in lifted.results.hits] == ["a"]
    assert lifted.step == "time"
    assert "2031" in lifted.notes[0][0] % lifted.notes[0][1]


def test_a_dataset_without_a_known_period_passes(find: Callable[..., Outcome]) -> None:
    assert find("giá đất 1950").results.total > 0


def test_a_time_alone_is_searched_as_typed_then_as_a_filter(lexicon: Lexicon) -> None:
    index = open_index("memory://")
    index.write(
        [document("old", "Cảng", period=(10_000, 10_300)), document("new", "Cảng", period=(20_000, 20_300))]
    )
    assert [hit.id for hit in search(index, lexicon, "năm 1997").results.hits] == ["old"]
    index.write([document("named", "Quy hoạch năm 1997", period=(1, 2))])
    assert [hit.id for hit in search(index, lexicon, "năm 1997").results.hits] == ["named"]


# --- undoing, hostile text -----------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["KCN", "Sở GTVT", "hotel", "giá đất 2024", "dữ liệu giá đất"])
def test_every_rewriting_can_be_undone(lexicon: Lexicon, typed: str) -> None:
    found = read(lexicon, typed)
    assert found.rewritings
    undone: set[str] = set()
    for _ in range(4):  # words inside an undone phrase may have rewritings of their own
        undone |= {rewriting.id for rewriting in found.rewritings}
        found = read(lexicon, typed, undo=undone)
    assert found.rewritings == ()
    assert found.searched == typed


def test_one_rewriting_can_be_undone_alone(lexicon: Lexicon) -> None:
    found = read(lexicon, "dữ liệu KCN 2024", undo=["abbreviation:kcn"])
    assert {rewriting.kind for rewriting in found.rewritings} == {"noise", "time"}


def test_as_typed_leaves_everything_as_it_is(index: SearchIndex, lexicon: Lexicon) -> None:
    outcome = search(index, lexicon, "cangbien", as_typed=True)
    assert (outcome.results.total, outcome.step, outcome.notes) == (0, None, ())
    assert read(lexicon, "dữ liệu KCN 2024", as_typed=True).searched == "dữ liệu KCN 2024"


def test_a_correction_says_what_was_searched(find: Callable[..., Outcome]) -> None:
    outcome = find("cangbien")
    assert outcome.corrected
    message, values = outcome.notes[0]
    assert message % values == "Không có kết quả cho “cangbien”; đang hiện kết quả cho “cảng biển”."


def test_an_empty_text_finds_everything(find: Callable[..., Outcome]) -> None:
    for text in ("", "   ", "…!?", "\u200b"):
        outcome = find(text)
        assert outcome.results.total == 40
        assert outcome.notes == ()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_no_text_raises(embedded_parts: tuple[SearchIndex, Lexicon], text: str) -> None:
    search(*embedded_parts, text, size=3)


@pytest.mark.parametrize(
    "text", ["x" * 5000, "cảng " * 900, "((((" * 300, "a-1/" * 300, "năm 2024 " * 150, "&" * 999]
)
def test_long_and_odd_texts_do_not_raise(embedded_parts: tuple[SearchIndex, Lexicon], text: str) -> None:
    search(*embedded_parts, text, size=3)


@pytest.fixture(scope="module")
def embedded_parts(embedded: SearchIndex, lexicon: Lexicon) -> tuple[SearchIndex, Lexicon]:
    return embedded, lexicon


# --- codes of documents ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("HP-017-XD", "a"), ("hp-017-xd", "a"), ('"HP-017-XD"', "a"), ("HP 017 XD", "a"), ("HP017XD", "a"),
        ("HP-018-XD", "b"),
        ("5264/QĐ-UBND", "c"), ("5264/qđ-ubnd", "c"), ("5264/QD-UBND", "c"), ('"5264/QĐ-UBND"', "c"),
        ("Quyết định: biểu giá (2026)", "d"), ("quyet dinh: bieu gia (2026)", "d"), ("Quyết định:", "d"),
    ],
)  # fmt: skip
def test_codes_find_their_dataset(lexicon: Lexicon, typed: str, expected: str) -> None:
    index = open_index("memory://")
    index.write(
        [
            document("a", "Cầu vượt", description="HP-017-XD"),
            document("b", "Hầm chui", description="HP-018-XD"),
            document("c", "Bảng kê", description="ban hành theo 5264/QĐ-UBND"),
            document("d", "Quyết định: biểu giá (2026)"),
        ]
    )
    found = search(index, lexicon, typed)
    assert [hit.id for hit in found.results.hits][:1] == [expected]
    if expected in "ab":
        assert found.results.total == 1


def document(ident: str, title: str, *, period: tuple[int, int] | None = None, **text: str) -> IndexDocument:
    return IndexDocument(
        id=ident,
        sequence=1,
        visibility="public",
        text={"title": title, **text},
        facets={},
        sort={},
        row={"title": {"vi": title}},
        period=period,
    )


def test_tokens_of_an_interpretation_cover_the_text(lexicon: Lexicon) -> None:
    for text in ("Sở GTVT cảng biển PM 2.5", "thu NSNN theo tháng", "HP-017-XD và UBND"):
        typed = [item.word for unit in read(lexicon, text).units for item in unit.typed]
        assert typed == list(phrase(" ".join(tokens(text))))
