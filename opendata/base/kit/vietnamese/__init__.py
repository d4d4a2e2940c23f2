"""The rules of Vietnamese text, in one place: cleaning, keys, slugs, order, syllables, raw typing.

Pure functions without any dependency. Tables that people edit (abbreviations, synonyms, filler and
noise words) are not here but in `config/vocabularies`.
"""

from opendata.base.kit.vietnamese.keys import exact_key, fold, gram2, match_key, slugify
from opendata.base.kit.vietnamese.ordering import sort_key
from opendata.base.kit.vietnamese.syllables import is_plain_syllable, is_syllable, place_tone
from opendata.base.kit.vietnamese.text import Word, clean, cut, has_marks, token, tokens, words
from opendata.base.kit.vietnamese.typing_methods import decode_telex, decode_vni

__all__ = [
    "Word",
    "clean",
    "cut",
    "decode_telex",
    "decode_vni",
    "exact_key",
    "fold",
    "gram2",
    "has_marks",
    "is_plain_syllable",
    "is_syllable",
    "match_key",
    "place_tone",
    "slugify",
    "sort_key",
    "token",
    "tokens",
    "words",
]
