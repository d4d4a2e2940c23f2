"""Which strings are syllables of Vietnamese, and where their tone mark goes."""

import re
import unicodedata
from functools import lru_cache

from opendata.base.kit.vietnamese.keys import TONES, fold

_ONSETS = tuple(
    "ngh ng nh gh gi kh ph th tr ch qu b c d đ g h k l m n p r s t v x".split(),
)
_RHYMES = frozenset(
    """
    a ac ach ai am an ang anh ao ap at au ay
    ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
    e ec em en eng eo ep et ê êch êm ên ênh êp êt êu
    i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu
    o oc oi om on ong op ot oong ooc
    oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăp oăt
    oe oem oen oeo oet ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt
    u ua uc ui um un ung up ut uân uâng uât uây uê uêch uên uênh uơ
    uôc uôi uôm uôn uông uôt
    uy uya uych uyn uynh uyp uyt uyu uyên uyêt
    ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu
    y
    """.split()
)
_Y_RHYMES_WITHOUT_ONSET = frozenset("y yêm yên yêng yêt yêu".split())
_Q_RHYMES = frozenset(
    """
    a ac ach ai am an ang anh ao at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng ât âu ây e en eo et
    ê êch ên ênh êt êu i in it o ơ ô ôc ôi y ych yn ynh yt yu yên yêt
    """.split()
)
_GI_RHYMES = (_RHYMES - {"y"}) | {"êng", "êt", "êc", "ên", "êm", ""}
_FRONT = frozenset("eêiy")
_STOPS = ("c", "ch", "p", "t")
_SHARP_OR_HEAVY = frozenset("\u0301\u0323")
_DROP_TONES = str.maketrans("", "", TONES)
_VOWELS = "aăâeêioôơuưy"
_HATTED = frozenset("ăâêôơư")
_VOWEL_GROUP = re.compile(f"[{_VOWELS}]+")


def is_syllable(word: str) -> bool:
    """Is it a possible syllable of Vietnamese writing? By onset, rhyme and tone; either tone
    placement. Foreign words may pass ("ban", "in"); most do not ("data", "port")."""
    letters, tones = split_tone(word)
    return len(tones) <= 1 and _is_possible(letters, tones)


def is_plain_syllable(word: str) -> bool:
    """Would it be a possible syllable if some marks were added? For unmarked text ("bien", "dat")."""
    word = fold(word)
    if word in _PLAIN_ALONE:
        return True
    return any(
        word.startswith(onset) and word[len(onset) :] in rhymes for onset, rhymes in _PLAIN_RHYMES.items()
    )


def split_tone(word: str) -> tuple[str, str]:
    """(lower-case letters without tone marks, the tone marks)."""
    decomposed = unicodedata.normalize("NFD", word.lower())
    letters = unicodedata.normalize("NFC", decomposed.translate(_DROP_TONES))
    return letters, "".join(sign for sign in decomposed if sign in TONES)


def place_tone(letters: str, tone: str) -> str:
    """Put a tone mark (a combining sign, or "") where it is usually written: hòa, thủy, giá, quyến."""
    if not tone:
        return letters
    start, end = _nucleus(letters)
    group = letters[start:end]
    if not group:
        return letters
    offset = _toned_vowel(group, closed=end < len(letters))
    at = start + offset + 1
    return unicodedata.normalize("NFC", letters[:at] + tone + letters[at:])


def _toned_vowel(group: str, *, closed: bool) -> int:
    hatted = [place for place, vowel in enumerate(group) if vowel in _HATTED]
    if hatted:
        return hatted[-1]
    if closed:
        return len(group) - 1
    return (len(group) - 1) // 2


def _nucleus(letters: str) -> tuple[int, int]:
    """Bounds of the vowels that may carry the tone: without the u of qu and the i of gi + vowel."""
    found = _VOWEL_GROUP.search(letters)
    if not found:
        return 0, 0
    start, end = found.span()
    is_glide = letters.startswith(("qu", "gi")) and end - start > 1
    return (start + 1 if is_glide else start), end


def _plain(rhymes: frozenset[str]) -> frozenset[str]:
    return frozenset(fold(rhyme) for rhyme in rhymes)


_PLAIN_ALONE = _plain(_RHYMES | _Y_RHYMES_WITHOUT_ONSET)
_PLAIN_RHYMES = {
    fold(onset): _plain({"qu": _Q_RHYMES, "gi": _GI_RHYMES}.get(onset, _RHYMES)) for onset in _ONSETS
}


@lru_cache(maxsize=65536)
def _is_possible(letters: str, tone: str) -> bool:
    if letters.endswith(_STOPS) and tone not in _SHARP_OR_HEAVY:
        return False
    if letters in _RHYMES or letters in _Y_RHYMES_WITHOUT_ONSET:
        return True
    return any(_fits(onset, letters[len(onset) :]) for onset in _ONSETS if letters.startswith(onset))


def _fits(onset: str, rhyme: str) -> bool:
    if onset == "qu":
        return rhyme in _Q_RHYMES
    if onset == "gi":
        return rhyme in _GI_RHYMES
    if rhyme not in _RHYMES:
        return False
    is_front = rhyme[0] in _FRONT
    if onset in {"k", "gh", "ngh"}:
        return is_front
    if onset in {"c", "g", "ng"}:
        return not is_front or (onset == "g" and rhyme in {"i", "in"})
    return True
