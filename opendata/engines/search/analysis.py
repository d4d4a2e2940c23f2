"""Display text to token streams: the one way text enters any index."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from opendata.base.kit.vietnamese import exact_key, fold, gram2, tokens
from opendata.engines.search.protocol import ANY_FIELD, FORMS, LONG_FIELD, MAIN_FIELD, TEXT_FIELDS

MAX_TOKENS = 20_000
"""Tokens kept of one field; what stands behind them is not found."""
MAX_TOKEN_LENGTH = 100

STREAMS = tuple(f"{name}.{form}" for name in (*TEXT_FIELDS, MAIN_FIELD, ANY_FIELD) for form in FORMS)


@lru_cache(maxsize=200_000)
def token_keys(token: str) -> tuple[str, str]:
    """(exact, fold) keys of one token as the streams hold it."""
    exact = exact_key(token[:MAX_TOKEN_LENGTH])
    return exact, fold(exact)


def streams(text: Mapping[str, str]) -> dict[str, list[str]]:
    """Stream name to tokens in order. Every line of a field is a part of its own."""
    found: dict[str, list[str]] = {stream: [] for stream in STREAMS}
    for name in TEXT_FIELDS:
        for exact, folded in _parts(text.get(name, "")):
            _extend(found, name, exact, folded)
            _extend(found, ANY_FIELD, exact, folded)
            if name != LONG_FIELD:
                _extend(found, MAIN_FIELD, exact, folded)
    return found


def _parts(text: str) -> Iterator[tuple[list[str], list[str]]]:
    left = MAX_TOKENS
    for line in text.splitlines():
        keys = [token_keys(token) for token in tokens(line)[:left]]
        left -= len(keys)
        if keys:
            yield [exact for exact, _ in keys], [folded for _, folded in keys]


def _extend(found: dict[str, list[str]], name: str, exact: list[str], folded: list[str]) -> None:
    found[f"{name}.exact"] += exact
    found[f"{name}.fold"] += folded
    found[f"{name}.exact2"] += gram2(exact)
    found[f"{name}.fold2"] += gram2(folded)
