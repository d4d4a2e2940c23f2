"""Display text to token streams: the one way text enters any index."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from opendata.base.kit.vietnamese import exact_key, gram2, match_key, tokens
from opendata.engines.search.protocol import ANY_FIELD, FORMS, LONG_FIELD, MAIN_FIELD, TEXT_FIELDS

MAX_TOKENS = 20_000
"""Tokens kept of one field; what stands behind them is not found."""
MAX_TOKEN_LENGTH = 100

STREAMS = tuple(f"{name}.{form}" for name in (*TEXT_FIELDS, MAIN_FIELD, ANY_FIELD) for form in FORMS)


@lru_cache(maxsize=200_000)
def token_keys(token: str) -> tuple[str, str]:
    """(exact, fold) keys of one token as the streams hold it."""
    token = token[:MAX_TOKEN_LENGTH]
    return exact_key(token), match_key(token)


def streams(text: Mapping[str, str]) -> dict[str, dict[str, None]]:
    """Stream name to its tokens, each once, in order. Every line of a field is a part of its own."""
    found: dict[str, dict[str, None]] = {}
    fields = {name: _field(text.get(name, "")) for name in TEXT_FIELDS}
    for place, form in enumerate(FORMS):
        main: dict[str, None] = {}
        for name in TEXT_FIELDS:
            held = fields[name][place]
            found[f"{name}.{form}"] = held
            if name != LONG_FIELD:
                main.update(held)
        found[f"{MAIN_FIELD}.{form}"] = main
        found[f"{ANY_FIELD}.{form}"] = main | fields[LONG_FIELD][place]
    return found


def _field(text: str) -> tuple[dict[str, None], ...]:
    """The tokens of one field in each of `FORMS`."""
    held: tuple[dict[str, None], ...] = ({}, {}, {}, {})
    for exact, folded in _parts(text):
        for tokens_of_form, part in zip(held, (exact, folded, gram2(exact), gram2(folded)), strict=True):
            tokens_of_form.update(dict.fromkeys(part))
    return held


def _parts(text: str) -> Iterator[tuple[list[str], list[str]]]:
    left = MAX_TOKENS
    for line in text.splitlines():
        keys = [token_keys(token) for token in tokens(line)[:left]]
        left -= len(keys)
        if keys:
            yield [exact for exact, _ in keys], [folded for _, folded in keys]
