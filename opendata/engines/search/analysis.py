"""Display text to token streams: the one way text enters any index.

A catalogue says the same words over and over, so what they come to is kept: that of single words, and that
of whole lines in the fields whose lines recur.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice

from opendata.base.kit.vietnamese import exact_key, gram2, match_key, tokens
from opendata.engines.search.protocol import ANY_FIELD, FORMS, LONG_FIELD, MAIN_FIELD, TEXT_FIELDS

MAX_TOKENS = 20_000
"""Tokens kept of one field; what stands behind them is not found."""
MAX_TOKEN_LENGTH = 100

STREAMS = tuple(f"{name}.{form}" for name in (*TEXT_FIELDS, MAIN_FIELD, ANY_FIELD) for form in FORMS)

_RECURRING = frozenset({"tags", "body"})
_LONGEST_KEPT = 120
"""Signs of a text whose tokens are kept."""

Stream = dict[str, None]
"""Tokens, each once, in order."""
_Forms = tuple[Sequence[str], ...]
"""The tokens of a line in each of `FORMS`."""
_NOTHING: _Forms = ((), (), (), ())


def token_keys(token: str) -> tuple[str, str]:
    """(exact, fold) keys of one token as the streams hold it."""
    token = token[:MAX_TOKEN_LENGTH]
    return exact_key(token), match_key(token)


def streams(text: Mapping[str, str]) -> dict[str, Stream]:
    """Stream name to its tokens. Every line of a field is a part of its own."""
    found = field_streams(text)
    for form in FORMS:
        main = joined(found, form, (name for name in TEXT_FIELDS if name != LONG_FIELD))
        found[f"{MAIN_FIELD}.{form}"] = main
        found[f"{ANY_FIELD}.{form}"] = main | found[f"{LONG_FIELD}.{form}"]
    return found


def field_streams(text: Mapping[str, str]) -> dict[str, Stream]:
    """The streams of the fields by themselves."""
    return {
        f"{name}.{form}": held
        for name in TEXT_FIELDS
        for form, held in zip(FORMS, _field(name, text.get(name, "")), strict=True)
    }


def joined(found: Mapping[str, Stream], form: str, names: Iterable[str] = TEXT_FIELDS) -> Stream:
    """The tokens of several fields."""
    held: Stream = {}
    for name in names:
        held.update(found[f"{name}.{form}"])
    return held


def _field(name: str, text: str) -> tuple[Stream, ...]:
    lines = list(_lines(name, text))
    return tuple(dict.fromkeys(chain.from_iterable(parts)) for parts in zip(*lines, strict=True))


def _lines(name: str, text: str) -> Iterator[_Forms]:
    """At least one, which may be empty."""
    left = MAX_TOKENS
    for line in text.splitlines() or [""]:
        is_kept = name in _RECURRING and len(line) <= _LONGEST_KEPT <= left
        forms = _kept_forms(line) if is_kept else _forms(line, left)
        left -= len(forms[0])
        yield forms
        if left <= 0:
            return


def _forms(line: str, most: int = MAX_TOKENS) -> _Forms:
    written = line.split()
    is_short = max(map(len, written), default=0) <= _LONGEST_KEPT
    known: Callable[[str], Iterable[tuple[str, str]]] = _kept_pairs if is_short else _keys
    pairs = list(islice(chain.from_iterable(map(known, written)), most))
    if not pairs:
        return _NOTHING
    exact, folded = zip(*pairs, strict=True)
    return exact, folded, gram2(exact), gram2(folded)


_kept_forms = lru_cache(maxsize=20_000)(_forms)


def _keys(written: str) -> Iterator[tuple[str, str]]:
    """Those of all tokens in what stands between two spaces, each when it is asked for."""
    return map(token_keys, tokens(written))


def _pairs(written: str) -> tuple[tuple[str, str], ...]:
    return tuple(_keys(written))


_kept_pairs = lru_cache(maxsize=100_000)(_pairs)
