"""Every title and tag of the city finds its dataset, however it is typed."""

import re
import unicodedata
from collections.abc import Callable, Iterator

import pytest

from opendata.base.kit.vietnamese import (
    decode_telex,
    decode_vni,
    fold,
    has_marks,
    is_plain_syllable,
    is_syllable,
    tokens,
)
from opendata.demo import catalogue as city
from opendata.services.catalog.query import Outcome

TONES = {
    "\u0301": ("s", "1"),
    "\u0300": ("f", "2"),
    "\u0309": ("r", "3"),
    "\u0303": ("x", "4"),
    "\u0323": ("j", "5"),
}
SHAPES = {
    "â": ("aa", "a6"), "ă": ("aw", "a8"), "ê": ("ee", "e6"), "ô": ("oo", "o6"),
    "ơ": ("ow", "o7"), "ư": ("uw", "u7"), "đ": ("dd", "d9"),
}  # fmt: skip
OLD_AND_NEW = [("òa", "oà"), ("óa", "oá"), ("ủy", "uỷ"), ("úy", "uý"), ("ùy", "uỳ"), ("ỏe", "oẻ")]


def raw(text: str, method: int) -> str:
    """As the keys of Telex (0) or VNI (1), tone at the end of the syllable."""
    return re.sub(r"[^\W\d_]+", lambda found: raw_word(found.group(), method), text.lower())


def raw_word(word: str, method: int) -> str:
    decomposed = unicodedata.normalize("NFD", word)
    tone = next((TONES[mark][method] for mark in decomposed if mark in TONES), "")
    letters = unicodedata.normalize("NFC", "".join(mark for mark in decomposed if mark not in TONES))
    return "".join(SHAPES[letter][method] if letter in SHAPES else letter for letter in letters) + tone


def every_second_plain(text: str) -> str:
    return " ".join(fold(word) if place % 2 else word for place, word in enumerate(text.split()))


def other_tone_placement(text: str) -> str:
    for old, new in OLD_AND_NEW:
        text = re.sub(rf"{old}\b", new, text) if old in text else re.sub(rf"{new}\b", old, text)
    return text


def other_i(text: str) -> str:
    """`lý` as `lí` and the other way round, after a consonant and at the end of a syllable."""
    swap = str.maketrans("yýỳỷỹỵiíìỉĩị", "iíìỉĩịyýỳỷỹỵ")
    syllable = r"\b(?:[bdđhklmnprstv])[yýỳỷỹỵiíìỉĩị]\b"
    return re.sub(syllable, lambda found: found.group()[0] + found.group()[1:].translate(swap), text)


TYPED: dict[str, Callable[[str], str]] = {
    "as it stands": str,
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "capitals": str.upper,
    "small": str.lower,
    "unmarked": fold,
    "half marked": every_second_plain,
    "other tone placement": other_tone_placement,
    "i for y": other_i,
    "with noise": lambda text: f"dữ liệu {text} excel",
    "with a year": lambda text: f"{text} năm 2026",
    "in quotes": lambda text: f'"{text}"',
    "with engine syntax": lambda text: f'+("{text}") ~ ^ \\ [*] && ! - :',
    "padded": lambda text: f"\u200b  {text.replace(' ', chr(0xA0) + ' ')}\ufeff ",
}


def all_phrases() -> Iterator[tuple[str, str]]:
    for dataset in city.datasets().values():
        yield dataset.title["vi"], dataset.id
        yield dataset.title["en"], dataset.id
        for words in dataset.keywords.values():
            yield from ((word, dataset.id) for word in words)


def phrases(part: int = 0) -> list[tuple[str, str]]:
    """A fifth of all titles and tags, another one for each `part`."""
    return list(all_phrases())[part % 5 :: 5]


@pytest.mark.parametrize("way", TYPED)
def test_titles_and_tags_are_found_however_they_are_typed(
    reference_find: Callable[[str], Outcome], way: str
) -> None:
    missed = [
        (text, ident) for text, ident in phrases() if ident not in ids(reference_find(TYPED[way](text)))
    ]
    assert missed == []


@pytest.mark.parametrize("way", ["as it stands", "decomposed", "capitals", "unmarked", "half marked"])
def test_a_whole_title_leads_to_its_dataset(reference_find: Callable[[str], Outcome], way: str) -> None:
    missed = [
        dataset.title["vi"]
        for dataset in city.datasets().values()
        if ids(reference_find(TYPED[way](dataset.title["vi"])))[:1] != [dataset.id]
    ]
    assert missed == []


@pytest.mark.parametrize("method", [0, 1], ids=["telex", "vni"])
def test_raw_typing_gives_every_syllable_back(method: int) -> None:
    decode = (decode_telex, decode_vni)[method]
    for text, _ in all_phrases():
        for word in tokens(text):
            if has_marks(word) and is_syllable(word):
                decoded = decode(raw_word(word, method))
                assert decoded is not None
                assert same_syllable(decoded, word), (word, raw_word(word, method))


@pytest.mark.parametrize("method", [0, 1], ids=["telex", "vni"])
def test_raw_typing_of_marked_words_is_found(reference_find: Callable[[str], Outcome], method: int) -> None:
    missed = []
    for text, ident in phrases():
        marked = [word for word in tokens(text) if has_marks(word) and is_syllable(word)]
        if len(marked) >= 2 and ident not in ids(reference_find(raw(" ".join(marked), method))):
            missed.append(text)
    assert missed == []


def test_glued_tags_are_found(reference_find: Callable[[str], Outcome]) -> None:
    missed = []
    for text, ident in phrases():
        words = tokens(text)
        plain_words = all(word.isalpha() for word in words) and any(map(has_marks, words))
        if 2 <= len(words) <= 4 and plain_words and all(map(is_plain_syllable, words)):
            glued = "".join(words)
            missed += [form for form in (glued, fold(glued)) if ident not in ids(reference_find(form))]
    assert missed == []


def test_the_same_list_for_every_spelling_of_a_query(reference_find: Callable[[str], Outcome]) -> None:
    for text, _ in phrases():
        expected = [(hit.id, hit.score, hit.near) for hit in reference_find(text.lower()).results.hits]
        for way in ("decomposed", "padded", "other tone placement"):
            found = reference_find(TYPED[way](text.lower())).results.hits
            assert [(hit.id, hit.score, hit.near) for hit in found] == expected, (way, text)


def ids(outcome: Outcome) -> list[str]:
    return [hit.id for hit in outcome.results.hits]


def same_syllable(one: str, other: str) -> bool:
    return sorted(unicodedata.normalize("NFD", one)) == sorted(unicodedata.normalize("NFD", other))
