"""What the index knows about its tokens, asked for in bulk and kept while nothing changes."""

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from opendata.engines.search.elastic.queries import matching
from opendata.engines.search.elastic.schema import stream_fields
from opendata.engines.search.protocol import ANY_FIELD, LONG_FIELD, MAIN_FIELD, Term

Pair = tuple[str, str]
Ask = Callable[[dict[str, Any]], Mapping[str, Any]]

_PAIRS_A_REQUEST = 500
_MOST_KEPT = 200_000
_MOST_TOKENS = 65_000
_REGEX_SIGNS = re.compile(r"([.?+*|{}\[\]()\"\\#@&<>~^$-])")


class Frequencies:
    """Document frequencies of one generation."""

    def __init__(self) -> None:
        self._generation = ""
        self._known: dict[Pair, int] = {}
        self._lock = threading.Lock()

    def of(self, pairs: Iterable[Pair], generation: str, ask: Ask) -> dict[Pair, int]:
        known = self._current(generation)
        wanted = dict.fromkeys(pairs)
        missing = [pair for pair in wanted if pair not in known]
        for start in range(0, len(missing), _PAIRS_A_REQUEST):
            known.update(_count(missing[start : start + _PAIRS_A_REQUEST], ask))
        return {pair: known[pair] for pair in wanted}

    def up_to(self, most: int, pairs: Iterable[Pair], generation: str, ask: Ask) -> dict[Pair, int]:
        """Frequencies; where a bound that is known says that one is at most `most`, the bound."""
        known = self._current(generation)
        bounds = {pair: _bound(pair, known) for pair in pairs}
        unsure = (pair for pair, bound in bounds.items() if bound is None or bound > most)
        exact = self.of(unsure, generation, ask)
        return {pair: exact.get(pair, bound or 0) for pair, bound in bounds.items()}

    def _current(self, generation: str) -> dict[Pair, int]:
        with self._lock:
            if self._generation != generation or len(self._known) > _MOST_KEPT:
                self._generation, self._known = generation, {}
            return self._known


def _bound(pair: Pair, known: Mapping[Pair, int]) -> int | None:
    """No more documents than this hold it: those that hold it in any field; for two neighbours, either."""
    stream, token = pair
    if pair in known:
        return known[pair]
    name, form = stream.split(".")
    if form.endswith("2"):
        bounds = [_bound((f"{name}.{form[:-1]}", part), known) for part in token.split("_")]
    else:
        wholes = (ANY_FIELD,) if name in {LONG_FIELD, ANY_FIELD} else (MAIN_FIELD, ANY_FIELD)
        bounds = [known.get((f"{whole}.{form}", token)) for whole in wholes]
    return min((bound for bound in bounds if bound is not None), default=None)


def _count(pairs: Sequence[Pair], ask: Ask) -> dict[Pair, int]:
    filters = [matching(Term(stream, token, 0.0)) for stream, token in pairs]
    answer = ask({"size": 0, "aggs": {"tokens": {"filters": {"filters": filters}}}})
    buckets = answer["aggregations"]["tokens"]["buckets"]
    return {pair: bucket["doc_count"] for pair, bucket in zip(pairs, buckets, strict=True)}


def vocabulary(stream: str, prefix: str, limit: int, ask: Ask) -> Sequence[tuple[str, int]]:
    fields = stream_fields(stream)
    size = min(max(limit, 1), _MOST_TOKENS)
    if len(fields) == 1:
        return _tokens_of(fields[0], prefix, size, ask)[:limit]
    tokens = sorted({token for name in fields for token, _ in _tokens_of(name, prefix, _MOST_TOKENS, ask)})
    counted = Frequencies().of([(stream, token) for token in tokens], "", ask)
    ordered = sorted((-count, token) for (_, token), count in counted.items())
    return [(token, -count) for count, token in ordered[:limit]]


def _tokens_of(field: str, prefix: str, size: int, ask: Ask) -> list[tuple[str, int]]:
    terms: dict[str, Any] = {
        "field": field,
        "size": size,
        "order": [{"_count": "desc"}, {"_key": "asc"}],
    }
    body: dict[str, Any] = {"size": 0, "aggs": {"tokens": {"terms": terms}}}
    if prefix:
        terms["include"] = _REGEX_SIGNS.sub(r"\\\1", prefix) + ".*"
        body["query"] = {"prefix": {field: prefix}}
    buckets = ask(body)["aggregations"]["tokens"]["buckets"]
    return [(bucket["key"], bucket["doc_count"]) for bucket in buckets]
