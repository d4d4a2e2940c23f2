"""The one door for text, and the cut into words."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

SPACES = "\u00a0\u1680\u2000-\u200a\u2007\u202f\u205f\u3000"
_UNSEEN = re.compile(
    # zero-width and soft hyphen; controls that are no white space; surrogates and non-characters
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_ASTRAL_NONCHARACTERS = {
    plane | low: None for plane in range(0x10000, 0x110000, 0x10000) for low in (0xFFFE, 0xFFFF)
}
_SPACE_RUN = re.compile(rf"[\s{SPACES}]+")
_SPACE_IN_LINE = re.compile(rf"[^\S\n]+|[{SPACES}]+")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")

# Digits set small or wide (PM₂.₅, m³, ５Ｇ) read as plain ones; one sign for one, so places stay.
_PLAIN_FORMS = str.maketrans(
    {
        **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)),
        **dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)),
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    }
)
_SET_FORMS = re.compile("[⁰¹²³⁴-⁹₀-₉！-～]")
_SIGNS = r"[\w\u0300-\u036f]+"
_WORD = re.compile(rf"{_SIGNS}(?:(?<=\d)[.,](?=\d){_SIGNS})*")
_WORD_APART = re.compile(f"({_WORD.pattern})")
_MARK_OR_STROKE = re.compile("[\u0300-\u036fđĐðÐɖƉ]")


def clean(text: str, *, multiline: bool = False) -> str:
    """The text as it is stored and shown: NFC, nothing unseen in it, single spaces, no blank ends.

    Case and tone placement stay as typed. `multiline` keeps line breaks (as "\\n"), for texts with
    paragraphs. Applying it twice changes nothing.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    text = _UNSEEN.sub("", text)
    if not text.isascii():
        text = text.translate(_ASTRAL_NONCHARACTERS)
        text = unicodedata.normalize("NFC", text)
    if not multiline:
        return _SPACE_RUN.sub(" ", text).strip()
    lines = _LINE_ENDS.sub("\n", text).split("\n")
    return "\n".join(_SPACE_IN_LINE.sub(" ", line).strip() for line in lines).strip("\n")


class Word(NamedTuple):
    """A token and where it stands: `source[start:end]` is what was written."""

    token: str
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """Tokens with their places in `text`, which should be clean (places count its characters).

    A syllable is the unit. Letters and digits that touch are one token, and signs inside it are
    dropped (`PM2.5` is `pm25`, `5G` is `5g`); a number keeps its separators, all written as a dot.
    """
    for found in _WORD.finditer(_with_plain_signs(text)):
        yield Word(token(found.group()), *found.span())


def cut(text: str) -> list[str]:
    """What stands between the words, at even places, and the words as written, at odd ones: all the signs
    of clean text in order, small and wide digits as plain ones. Far cheaper than `words`."""
    return _WORD_APART.split(_with_plain_signs(text))


def tokens(text: str) -> list[str]:
    """The tokens of any text, lower case and composed, marks kept."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return [token(written) for written in _WORD.findall(_with_plain_signs(text))]


def has_marks(text: str) -> bool:
    """Does it carry any mark of Vietnamese writing: a tone, a hat, a horn, a stroked đ?"""
    return not text.isascii() and bool(_MARK_OR_STROKE.search(unicodedata.normalize("NFD", text)))


def _with_plain_signs(text: str) -> str:
    """Every sign in its place; an underline parts words."""
    if _SET_FORMS.search(text):
        text = text.translate(_PLAIN_FORMS)
    return text.replace("_", " ")


@lru_cache(maxsize=100_000)
def token(written: str) -> str:
    """The token of a word as `cut` gives it."""
    found = written.lower()
    if found.isascii() and found.isalpha():
        return found
    if "." in found or "," in found:
        is_number = all(sign in "0123456789.," for sign in found)
        found = found.replace(",", ".") if is_number else found.replace(".", "").replace(",", "")
    return found if found.isascii() else unicodedata.normalize("NFC", found)
