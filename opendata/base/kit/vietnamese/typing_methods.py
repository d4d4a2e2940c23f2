"""Text typed for an input method that was off: raw Telex (`ddaats`) and VNI (`d9a61t`)."""

import re

from opendata.base.kit.vietnamese.syllables import is_syllable, place_tone

_HUYEN, _HOI, _NGA, _SAC, _NANG = "\u0300", "\u0309", "\u0303", "\u0301", "\u0323"
_TELEX_TONES = {"s": _SAC, "f": _HUYEN, "r": _HOI, "x": _NGA, "j": _NANG, "z": ""}
_VNI_TONES = {"1": _SAC, "2": _HUYEN, "3": _HOI, "4": _NGA, "5": _NANG, "0": ""}
_TELEX_SHAPES = (
    ("uwow", "ươ"),
    ("uow", "ươ"),
    ("aa", "â"),
    ("aw", "ă"),
    ("ee", "ê"),
    ("oo", "ô"),
    ("ow", "ơ"),
    ("uw", "ư"),
    ("dd", "đ"),
)
_VOWELS = "aăâeêioôơuưy"
_TONE_AFTER_VOWEL = re.compile(f"([{_VOWELS}])([sfrxjz])")
_VNI_SHAPES = {
    "6": {"a": "â", "e": "ê", "o": "ô"},
    "7": {"o": "ơ", "u": "ư"},
    "8": {"a": "ă"},
    "9": {"d": "đ"},
}


def decode_telex(word: str) -> str | None:
    """The word meant by raw Telex keys, or None when the keys change nothing or make no syllable.

    A tone key stands at the end of the syllable or right after a vowel (`beenhj`, `beejnh`).
    """
    keys = word.lower()
    if not keys.isascii() or not keys.isalpha():
        return None
    for shaped, tone in _telex_readings(keys):
        decoded = place_tone(shaped, tone)
        if decoded != keys and is_syllable(decoded):
            return decoded
    return None


def decode_vni(word: str) -> str | None:
    """The word meant by raw VNI digits (`gia1`, `d9a61t`, `dat61`), or None when it is none."""
    keys = word.lower()
    if not keys.isascii() or not keys[:1].isalpha() or not any(sign.isdigit() for sign in keys):
        return None
    letters: list[str] = []
    tone = ""
    for key in keys:
        if key in _VNI_TONES:
            if tone:
                return None
            tone = _VNI_TONES[key]
        elif key in _VNI_SHAPES:
            if not _shape_nearest(letters, _VNI_SHAPES[key]):
                return None
        elif key.isalpha():
            letters.append(key)
        else:
            return None
    decoded = place_tone("".join(letters), tone)
    return decoded if is_syllable(decoded) else None


def _telex_readings(keys: str) -> list[tuple[str, str]]:
    """(letters shaped, without the tone key; tone) for each place where a tone key may stand. Letters
    that a tone key parts shape nothing: `doson` is no `doon`."""
    readings = []
    if len(keys) > 2 and keys[-1] in _TELEX_TONES:
        readings.append((_telex_shapes(keys[:-1]), _TELEX_TONES[keys[-1]]))
    shaped = _telex_shapes(keys)
    readings.extend(
        (shaped[: found.start(2)] + shaped[found.end(2) :], _TELEX_TONES[found.group(2)])
        for found in _TONE_AFTER_VOWEL.finditer(shaped)
    )
    readings.append((shaped, ""))
    return readings


def _telex_shapes(keys: str) -> str:
    for typed, letter in _TELEX_SHAPES:
        keys = keys.replace(typed, letter)
    return keys


def _shape_nearest(letters: list[str], shapes: dict[str, str]) -> bool:
    """Change the nearest letter before the digit that can take the shape; `uo7` changes both."""
    for place in range(len(letters) - 1, -1, -1):
        changed = shapes.get(letters[place])
        if changed is None:
            continue
        letters[place] = changed
        if changed == "ơ" and place and letters[place - 1] == "u":
            letters[place - 1] = "ư"
        return True
    return False
