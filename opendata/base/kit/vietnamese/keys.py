"""Keys derived from text: never shown, compared only with keys made here."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

TONES = "\u0300\u0309\u0303\u0301\u0323"
"""Grave, hook, tilde, acute, dot below: huyền, hỏi, ngã, sắc, nặng, the order of dictionaries."""

_LETTER_RUN = re.compile(r"[^\W\d_]+")
_DROP_MARKS = dict.fromkeys(range(0x0300, 0x0370))
# Eth and the African d look like đ and come from wrong keyboards and fonts.
_STROKED_D = {ord("ð"): "đ", ord("ɖ"): "đ"}
_FOLDING = {**_DROP_MARKS, ord("đ"): "d", ord("ð"): "d", ord("ɖ"): "d"}
_SPLIT_TONES = str.maketrans("", "", TONES)
_CONSONANTS_AND_Y = re.compile(r"[bcdđfghjklmnpqrstvwxz]+y")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def fold(text: str) -> str:
    """Lower case without any mark, đ as d: "Đặc khu Cát Hải" -> "dac khu cat hai"."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", text.lower()).translate(_FOLDING)
    return unicodedata.normalize("NFC", decomposed)


def exact_key(text: str) -> str:
    """Equal for spellings of one word: any case, composed or not, either tone placement, i or y
    after consonants (hoà = hòa, lý = lí; but quý, thủy, tây keep y). The tone mark of each syllable
    stands at its end."""
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).translate(_STROKED_D)
    return _LETTER_RUN.sub(lambda run: _exact_syllable(run.group()), text)


def match_key(text: str) -> str:
    """The exact key of the fold: what unmarked search compares, so that `ly` and `li` are equal."""
    return exact_key(fold(text))


def gram2(syllables: Sequence[str]) -> list[str]:
    """Neighbours joined: ["dac", "khu", "cat"] -> ["dac_khu", "khu_cat"]."""
    return [f"{left}_{right}" for left, right in pairwise(syllables)]


def slugify(text: str, *, limit: int = 100) -> str:
    """For addresses: "Bản đồ nền" -> "ban-do-nen". Cut at a hyphen when longer than `limit`.
    Empty when the text holds no Latin letter or digit. Making it unique is the caller's task."""
    slug = _NOT_SLUG.sub("-", fold(text)).strip("-")
    if len(slug) <= limit:
        return slug
    cut = slug[: limit + 1].rpartition("-")[0]
    return cut or slug[:limit]


@lru_cache(maxsize=65536)
def _exact_syllable(run: str) -> str:
    if run.isascii():
        return _i_for_y(run)
    decomposed = unicodedata.normalize("NFD", run)
    tones = "".join(sign for sign in decomposed if sign in TONES)
    letters = unicodedata.normalize("NFC", decomposed.translate(_SPLIT_TONES))
    return _i_for_y(letters) + tones


def _i_for_y(syllable: str) -> str:
    return f"{syllable[:-1]}i" if _CONSONANTS_AND_Y.fullmatch(syllable) else syllable
