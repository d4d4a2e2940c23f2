import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata.base.kit.vietnamese import (
    clean,
    decode_telex,
    decode_vni,
    exact_key,
    fold,
    gram2,
    has_marks,
    is_syllable,
    match_key,
    place_tone,
    slugify,
    sort_key,
    tokens,
    words,
)

VIETNAMESE = (
    "cảng biển hàng hoá thuỷ triều Đồ Sơn Cát Hải quý mỹ lý kĩ thuật đường giấy phép PM2.5 5G năm 2024 "
    "quyết định nghiệp khuỷu tay ngoằn ngoèo TN&MT 1.234,5 HP-017-XD yêu ướt giêng gì"
)
texts = st.lists(st.sampled_from(VIETNAMESE.split()), min_size=1, max_size=8).map(" ".join)
TONE_PLACEMENTS = [
    ("hoà", "hòa"),
    ("thuỷ", "thủy"),
    ("hoè", "hòe"),
    ("khoẻ", "khỏe"),
    ("uỷ", "ủy"),
    ("toà", "tòa"),
]
I_OR_Y = [("lý", "lí"), ("kỹ", "kĩ"), ("mỹ", "mĩ"), ("Tỷ", "tỉ"), ("sỹ", "sĩ"), ("hy", "hi")]


@given(texts)
def test_keys_do_not_depend_on_composition_or_case(text: str) -> None:
    for form in ("NFC", "NFD"):
        for variant in (unicodedata.normalize(form, text), unicodedata.normalize(form, text.upper())):
            assert exact_key(" ".join(tokens(variant))) == exact_key(" ".join(tokens(text)))
            assert fold(variant) == fold(text)
            assert slugify(variant) == slugify(text)
            assert [fold(token) for token in tokens(variant)] == [fold(token) for token in tokens(text)]


@pytest.mark.parametrize(("one", "other"), TONE_PLACEMENTS + I_OR_Y)
def test_one_word_in_two_spellings_has_one_exact_key(one: str, other: str) -> None:
    assert exact_key(one) == exact_key(other)
    assert match_key(one) == match_key(other)


@pytest.mark.parametrize(("one", "other"), [("quý", "quí"), ("thủy", "thủi"), ("tây", "tâi"), ("bão", "báo")])
def test_other_words_keep_their_own_exact_key(one: str, other: str) -> None:
    assert exact_key(one) != exact_key(other)


def test_fold_takes_every_mark_and_the_stroke() -> None:
    assert fold("Đặc khu Cát Hải") == "dac khu cat hai"
    assert fold("ỨNG DỤNG") == "ung dung"
    assert fold("\u00d0ồ Sơn") == "do son"  # Eth typed in place of Đ


@given(st.text())
def test_cleaning_is_stable_and_leaves_nothing_unseen(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not set(once) & set("\u200b\u200d\u2060\ufeff\u00ad\u00a0\u202f\u3000\x00\x08\x0b\ufffe\ud800\n\t")
    assert once == once.strip()
    assert "  " not in once


@given(st.text())
def test_no_text_breaks_a_key(text: str) -> None:
    assert sort_key(text).isascii()
    assert slugify(text).replace("-", "").isalnum() or slugify(text) == ""
    for token in tokens(text):
        assert " " not in exact_key(token)
        assert " " not in match_key(token)
        assert match_key(match_key(token)) == match_key(token)


def test_cleaning_keeps_what_was_typed_but_for_its_form() -> None:
    assert clean("  cảng\u00a0biển\u200b ") == "cảng biển"
    assert clean(unicodedata.normalize("NFD", "Thuỷ Nguyên")) == "Thuỷ Nguyên"
    assert clean("e\u200b\u0323m") == "ẹm"
    assert clean("một\r\n\r\nhai  ba\t", multiline=True) == "một\n\nhai ba"


def test_words_know_their_places() -> None:
    text = "Bụi PM2.5, ngưỡng 5G (km²)"
    assert [(word.token, text[word.start : word.end]) for word in words(text)] == [
        ("bụi", "Bụi"),
        ("pm25", "PM2.5"),
        ("ngưỡng", "ngưỡng"),
        ("5g", "5G"),
        ("km2", "km²"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PM2.5 pm2,5 PM₂.₅", ["pm25", "pm25", "pm25"]),
        ("1.234,5 và 2,5", ["1.234.5", "và", "2.5"]),
        ("5264/QĐ-UBND", ["5264", "qđ", "ubnd"]),
        ("HP-017-XD", ["hp", "017", "xd"]),
        ("ma_chi_tieu", ["ma", "chi", "tieu"]),
        ("năm 2024.", ["năm", "2024"]),
        ("…!?", []),
    ],
)
def test_tokens_are_syllables_numbers_and_codes(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_neighbours_make_grams() -> None:
    assert gram2(["dac", "khu", "cat"]) == ["dac_khu", "khu_cat"]
    assert gram2(["dac"]) == []


def test_marks_are_seen() -> None:
    assert has_marks("đo")
    assert has_marks("bão")
    assert has_marks("o\u031b")
    assert not has_marks("bao PM2.5")


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Bản đồ nền", "ban-do-nen"),
        ("Cảng biển Đồ Sơn", "cang-bien-do-son"),
        ("  Xếp hạng PCI, PAR Index (2025) ", "xep-hang-pci-par-index-2025"),
        ("Quản lý", "quan-ly"),
        ("港口", ""),
    ],
)
def test_slugs(text: str, slug: str) -> None:
    assert slugify(text) == slug
    assert slugify(unicodedata.normalize("NFD", text)) == slug


def test_a_long_slug_is_cut_between_words() -> None:
    slug = slugify("thống kê " * 40, limit=30)
    assert len(slug) <= 30
    assert slug == "thong-ke-thong-ke-thong-ke"
    assert slugify("x" * 300, limit=30) == "x" * 30


@pytest.mark.parametrize(
    "ordered",
    [
        ["Dương Kinh", "Đồ Sơn", "Hải An"],
        ["Cát Bà", "Cát Hải"],
        ["a", "ă", "â", "b", "c", "d", "đ", "e", "ê", "f", "g", "j", "k"],
        ["o", "ô", "ơ", "p", "u", "ư", "v", "w", "x", "y", "z"],
        ["ma", "mà", "mả", "mã", "má", "mạ"],
        ["Quận 9", "Quận 10", "Quận 100"],
        ["An", "An Bình", "Anh"],
        ["hoa", "Hoa", "hoá", "hoan"],
        ["tu ma", "tú mã", "tu mai"],
        ["2 phường", "10 phường", "phường"],
    ],
)
def test_vietnamese_order(ordered: list[str]) -> None:
    shuffled = ordered[::-1]
    assert sorted(shuffled, key=sort_key) == ordered
    keys = [sort_key(text).encode() for text in ordered]
    assert keys == sorted(keys)


def test_order_is_the_same_for_both_compositions_and_tone_placements() -> None:
    assert sort_key(unicodedata.normalize("NFD", "Thuỷ Nguyên")) == sort_key("Thủy Nguyên")


@pytest.mark.parametrize(
    "word",
    "cảng biển hóa hoá thủy thuỷ quý giá đất nghiệp khuyết gì giếng giết ướt yêu y quyền ngoằn đường "
    "Đặc xoong uỷ luật quốc khoẻ trường gìn ghế nghề kỹ".split(),
)
def test_syllables_are_known(word: str) -> None:
    assert is_syllable(word)
    assert is_syllable(unicodedata.normalize("NFD", word.upper()))


@pytest.mark.parametrize(
    "word", "data port xuats kả cế ngế gê bệnk cang1 vessel cap cach bảã pm25 hotel".split()
)
def test_what_cannot_be_a_syllable(word: str) -> None:
    assert not is_syllable(word)


@pytest.mark.parametrize(
    ("letters", "tone", "word"),
    [
        ("hoa", "\u0300", "hòa"),
        ("thuy", "\u0309", "thủy"),
        ("gia", "\u0301", "giá"),
        ("quy", "\u0301", "quý"),
        ("quyên", "\u0301", "quyến"),
        ("đương", "\u0300", "đường"),
        ("hoan", "\u0300", "hoàn"),
        ("mia", "\u0301", "mía"),
        ("gi", "\u0300", "gì"),
        ("ngoai", "\u0300", "ngoài"),
        ("can", "", "can"),
    ],
)
def test_tone_marks_go_where_writers_put_them(letters: str, tone: str, word: str) -> None:
    assert place_tone(letters, tone) == word


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("gias", "giá"),
        ("ddaats", "đất"),
        ("buij", "bụi"),
        ("minj", "mịn"),
        ("beejnh", "bệnh"),
        ("beenhj", "bệnh"),
        ("vieenj", "viện"),
        ("truwowngf", "trường"),
        ("truowngf", "trường"),
        ("quyeens", "quyến"),
        ("DDOOF", "đồ"),
        ("casng", "cáng"),
        ("nuwowcs", "nước"),
    ],
)
def test_raw_telex_is_read(typed: str, word: str) -> None:
    assert decode_telex(typed) == word


@pytest.mark.parametrize(
    "typed", ["data", "port", "cang", "hotel", "vessel", "khacsh", "đất", "5g", "s", "doson", ""]
)
def test_other_words_are_not_telex(typed: str) -> None:
    assert decode_telex(typed) is None


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("gia1", "giá"),
        ("d9a61t", "đất"),
        ("d9at61", "đất"),
        ("be65nh", "bệnh"),
        ("vien65", "viện"),
        ("tru7o7ng2", "trường"),
        ("d9uong72", "đường"),
        ("nam8", "năm"),
        ("ca3ng", "cảng"),
    ],
)
def test_raw_vni_is_read(typed: str, word: str) -> None:
    assert decode_vni(typed) == word


@pytest.mark.parametrize("typed", ["pm25", "5g", "2024", "q3", "gia", "t6", "covid19", ""])
def test_other_words_are_not_vni(typed: str) -> None:
    assert decode_vni(typed) is None
