"""Vietnamese alphabetical order as a string that any engine compares byte by byte."""

import re
import unicodedata
from functools import lru_cache

from opendata.base.kit.vietnamese.keys import TONES

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_DIGITS36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_PIECE = re.compile(r"\d+|[^\W\d_]|[\u0300-\u036f]+|(?:[^\w\u0300-\u036f]|_)+")
_END, _BLANK, _NUMBER, _FOREIGN = "00", "01", "1", "z"
_FIRST_LETTER = 2 * 36
_OTHER_MARK = "9"


def sort_key(text: str) -> str:
    """Compare letters of the whole text first, then tones, then case; digits by value; signs count
    as one blank, which comes first. Only 0-9 and a-z, fixed width: the order is the same in
    SQLite, PostgreSQL under any collation, DuckDB and the search engines."""
    letters: list[str] = []
    tones: list[str] = []
    case: list[str] = []
    composed = unicodedata.normalize("NFC", text).strip()
    for piece in _PIECE.findall(composed):
        if piece[0].isdecimal():
            letters.append(_number(piece))
        elif piece[0].isalpha():
            letter, tone = _letter(piece)
            letters.append(letter)
            tones.append(tone)
            case.append("1" if piece.isupper() else "0")
        elif not unicodedata.combining(piece[0]):
            letters.append(_BLANK)
            tones.append("0")
    # "0" closes each word: the tone counts for its word, wherever in it the writer put it
    return "".join([*letters, _END, "".join(tones), "0", _END, "".join(case).rstrip("0")])


def _number(digits: str) -> str:
    value = str(int(digits)) if len(digits) < 4000 else digits.lstrip("0")
    if len(value) < 35:
        return f"{_NUMBER}{_DIGITS36[len(value)]}{value}"
    return f"{_NUMBER}z{len(value):06d}{value}"


@lru_cache(maxsize=4_096)
def _letter(sign: str) -> tuple[str, str]:
    """(code of the letter, tone digit or "")."""
    decomposed = unicodedata.normalize("NFD", sign.lower())
    base = decomposed[0]
    marks = decomposed[1:]
    tone = next((str(TONES.index(mark) + 1) for mark in marks if mark in TONES), "")
    shape = unicodedata.normalize("NFC", base + "".join(mark for mark in marks if mark not in TONES))
    shape = "đ" if shape in "ðɖ" else shape
    if shape in _ALPHABET:
        return _pair(_FIRST_LETTER + _ALPHABET.index(shape)), tone
    if base in _ALPHABET:
        return _pair(_FIRST_LETTER + _ALPHABET.index(base)), tone + _OTHER_MARK
    return f"{_FOREIGN}{ord(base):06x}", tone


def _pair(number: int) -> str:
    return _DIGITS36[number // 36] + _DIGITS36[number % 36]
