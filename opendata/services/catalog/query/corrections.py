"""Other texts that a query without any hit may have been meant as, most likely first."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, pairwise, product

from opendata.base.kit.vietnamese import (
    decode_telex,
    decode_vni,
    exact_key,
    fold,
    is_plain_syllable,
    match_key,
    words,
)
from opendata.services.catalog.query.planning import Statistics

MAX_COMBINATIONS = 50
MAX_GLUED = 40
_MAX_PIECE = 14
_LETTERS_AND_YEAR = re.compile(r"(?<=[^\W\d_])(?=(?:19|20)\d\d(?!\w))")
_SPLITS_KEPT = 5
_ONSETS = (
    ("ngh", "ng"),
    ("ng", "ngh"),
    ("gh", "g"),
    ("gi", "d"),
    ("gi", "r"),
    ("ch", "tr"),
    ("tr", "ch"),
    ("g", "gh"),
    ("l", "n"),
    ("n", "l"),
    ("s", "x"),
    ("x", "s"),
    ("d", "gi"),
    ("d", "r"),
    ("r", "d"),
    ("r", "gi"),
    ("c", "k"),
    ("k", "c"),
)
_TWO_LETTER_ONSETS = ("ng", "nh", "gh", "gi", "ch", "tr", "th", "ph", "kh", "qu")
_FOLD, _EXACT, _FOLD2, _EXACT2 = "any.fold", "any.exact", "any.fold2", "any.exact2"

Vocabulary = Callable[[str, str], Sequence[tuple[str, int]]]
"""(stream, prefix) to tokens with their frequencies."""


def raw_typing(text: str) -> Iterator[str]:
    """Telex, then VNI, read as if the input method had been on."""
    for decode in (decode_telex, decode_vni):
        read = _replaced(text, decode)
        if read != text:
            yield read


def unglued(text: str, statistics: Statistics) -> Iterator[str]:
    """Words cut into syllables that the index knows: `cangbien` is `cang bien`."""
    splits: list[list[str]] = []
    changed = False
    for written in _surfaces(_LETTERS_AND_YEAR.sub(" ", text)):
        found = _splits(written, statistics)
        changed = changed or bool(found)
        splits.append(found or [written])
    if changed:
        for choice in islice(product(*splits), _SPLITS_KEPT):
            yield " ".join(choice)


def other_onsets(text: str, statistics: Statistics) -> Iterator[str]:
    """Syllables with an onset that is often taken for theirs (l/n, s/x, ch/tr, d/gi/r, c/k …)."""
    surfaces = _surfaces(text)
    choices = [[written, *_known(_onset_variants(written), statistics)] for written in surfaces]
    combinations = [
        choice
        for choice in islice(product(*choices), MAX_COMBINATIONS)
        if list(choice) != surfaces and len(_known(choice, statistics)) == len(set(choice))
    ]
    combinations.sort(key=partial(_likelihood, surfaces, statistics))
    for choice in combinations:
        yield " ".join(choice)


def respelled(text: str, vocabulary: Vocabulary) -> Iterator[str]:
    """Unmarked words of five letters or more that are no syllables, one letter off a known word."""

    def nearest(written: str) -> str | None:
        plain = written.lower()
        if len(plain) < 5 or not (plain.isascii() and plain.isalpha()) or is_plain_syllable(plain):
            return None
        known = [*vocabulary(_FOLD, plain[0]), *vocabulary(_FOLD, plain[1])]
        near = [(count, token) for token, count in known if _one_edit(plain, token)]
        return None if (0, plain) in near or not near else max(near)[1]

    read = _replaced(text, nearest)
    if read != text:
        yield read


def _replaced(text: str, change: Callable[[str], str | None]) -> str:
    """The text with every word that `change` knows another one for."""
    parts: list[str] = []
    done = 0
    for found in words(text):
        written = text[found.start : found.end]
        other = change(written)
        if other is not None:
            parts += [text[done : found.start], other]
            done = found.end
    return "".join([*parts, text[done:]])


def _surfaces(text: str) -> list[str]:
    return [text[found.start : found.end].lower() for found in words(text)]


# --- glued syllables ------------------------------------------------------------------------------


def _splits(written: str, statistics: Statistics) -> list[str]:
    """The likeliest ways to cut one word; none where it stands for itself."""
    plain = fold(written)
    if not 4 <= len(plain) <= MAX_GLUED or len(plain) != len(written) or is_plain_syllable(plain):
        return []
    pieces = {
        plain[start:end]
        for start in range(len(plain))
        for end in range(start + 1, min(start + _MAX_PIECE, len(plain)) + 1)
    }
    pieces = {piece for piece in pieces if is_plain_syllable(piece) or (len(piece) > 3 and piece.isalnum())}
    _, found = statistics([(_FOLD, match_key(piece)) for piece in pieces])
    known = {piece: found[_FOLD, match_key(piece)] for piece in pieces}
    cuts = [cut for cut in _cut(plain, known, len(plain)) if len(cut) > 1]
    cuts.sort(key=partial(_cut_likelihood, known, statistics))
    return [_carry_over(written, cut) for cut in cuts[:_SPLITS_KEPT]]


def _cut(plain: str, known: Mapping[str, int], length: int) -> list[tuple[str, ...]]:
    """Cuts into known pieces; of those that end at one place the few with the fewest pieces are kept."""
    ways: list[list[tuple[str, ...]]] = [[] for _ in range(length + 1)]
    ways[0].append(())
    for end in range(1, length + 1):
        for start in range(max(0, end - _MAX_PIECE), end):
            if known.get(plain[start:end]):
                ways[end] += [(*way, plain[start:end]) for way in ways[start]]
        ways[end].sort(key=lambda way: (len(way), -min(map(len, way), default=0)))
        del ways[end][4 * _SPLITS_KEPT :]
    return ways[length]


def _cut_likelihood(
    known: Mapping[str, int], statistics: Statistics, cut: tuple[str, ...]
) -> tuple[int, int, int]:
    """Neighbours that stand together somewhere, then fewer pieces, then commoner ones."""
    grams = [f"{match_key(left)}_{match_key(right)}" for left, right in pairwise(cut)]
    _, found = statistics([(_FOLD2, gram) for gram in grams])
    together = sum(found[_FOLD2, gram] > 0 for gram in grams)
    return (len(grams) - together, len(cut), -min(known[piece] for piece in cut))


def _carry_over(written: str, cut: Iterable[str]) -> str:
    """The cut made in the text as written, marks and all."""
    parts: list[str] = []
    done = 0
    for piece in cut:
        parts.append(written[done : done + len(piece)])
        done += len(piece)
    return " ".join(parts)


# --- onsets ---------------------------------------------------------------------------------------


def _onset_variants(written: str) -> list[str]:
    return [
        other + written[len(onset) :]
        for onset, other in _ONSETS
        if written.startswith(onset) and not _is_longer_onset(written, onset) and len(written) > len(onset)
    ]


def _is_longer_onset(written: str, onset: str) -> bool:
    """Is `onset` only the beginning of another one (n of nh, c of ch, g of gi)?"""
    return len(onset) == 1 and written.startswith(_TWO_LETTER_ONSETS)


def _known(written: Iterable[str], statistics: Statistics) -> list[str]:
    """Those that stand in the index: as they are, or as unmarked text."""
    candidates = list(dict.fromkeys(written))
    keys = {text: (_EXACT if fold(text) != text else _FOLD, _key(text)) for text in candidates}
    _, found = statistics(list(keys.values()))
    return [text for text in candidates if found[keys[text]]]


def _key(text: str) -> str:
    return exact_key(text) if fold(text) != text else match_key(text)


def _likelihood(surfaces: Sequence[str], statistics: Statistics, choice: Sequence[str]) -> tuple[int, int]:
    """Neighbours that stand together somewhere first, then fewer changes."""
    pairs = [
        (stream, f"{key(left)}_{key(right)}")
        for left, right in pairwise(choice)
        for stream, key in ((_EXACT2, exact_key), (_FOLD2, match_key))
    ]
    _, found = statistics(pairs)
    together = sum(found[pair] > 0 for pair in pairs)
    changes = sum(mine != theirs for mine, theirs in zip(surfaces, choice, strict=True))
    return (-together, changes)


def _one_edit(one: str, other: str) -> bool:
    """One letter more, less, other, or two neighbours written."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    mine, theirs = one[start:], other[start:]
    if len(mine) > len(theirs):
        return mine[1:] == theirs
    if len(mine) < len(theirs):
        return mine == theirs[1:]
    return mine[1:] == theirs[1:] or (mine[:2] == theirs[:2][::-1] and mine[2:] == theirs[2:])
