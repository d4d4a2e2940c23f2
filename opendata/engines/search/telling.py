"""What of a plan tells documents apart.

A word that a large part of all documents hold tells them hardly apart, and to score it a page would cost
the reading of its whole list. Where such a word is optional it therefore scores nothing, in no engine.
"""

import re
from collections.abc import Callable, Iterator

from opendata.engines.search.protocol import Best, Clause, Every, Term

Frequency = Callable[[str, str], int]
"""(stream, token) to the number of documents; where that is not common, any number that is not common either
and is 0 for nothing but 0."""

_COMMON, _COMMON_SHARE = 10_000, 20
_WRITTEN = re.compile(r"[0-9a-f]{0,4000}")


def common(documents: int) -> int:
    """What more documents than that hold, of so many, is common."""
    return max(_COMMON, documents // _COMMON_SHARE)


def bound(documents: int, before: str | None) -> int:
    """What more documents than that hold is common on this page. Later pages score what the first one
    scored, or hits would change their places; but not what has become twice as common since, so that no
    cursor makes a page costly."""
    return common(documents) * (1 if before is None else 2)


def judged(where: Clause, frequency: Frequency, most: int, before: str | None) -> tuple[Clause, str]:
    """(what of a plan tells documents apart, its common terms for the next page), where `before` is what the
    page before said of them, and None on a first page."""
    held = {pair: frequency(*pair) for pair in undecided(where, before)}
    scoring = telling(where, lambda *pair: held.get(pair, most + 1), most)
    if before is None:
        found = sum(1 << place for place, count in enumerate(held.values()) if count > most)
        before = f"{found:x}" if found else ""
    return scoring, before


def undecided(where: Clause, before: str | None) -> list[tuple[str, str]]:
    """(stream, token) of the terms whose frequency `judged` asks for: all but those known to be common."""
    known = int(before or "0", 16)
    pairs = dict.fromkeys((term.stream, term.token) for term in optional_terms(where))
    return [pair for place, pair in enumerate(pairs) if not known >> place & 1] if known else [*pairs]


def is_written(common_terms: str) -> bool:
    """May `judged` have written this?"""
    return _WRITTEN.fullmatch(common_terms) is not None


def telling(clause: Clause, frequency: Frequency, most: int) -> Clause:
    """Without the optional parts that more than `most` documents satisfy or none; it matches the same."""
    if isinstance(clause, Term):
        return clause
    if isinstance(clause, Best):
        return Best(tuple(telling(part, frequency, most) for part in clause.clauses))
    required = tuple(telling(part, frequency, most) for part in clause.required)
    optional = (_reduced(part, frequency, most)[0] for part in clause.optional)
    return Every(required, tuple(filter(None, optional)), clause.forbidden, clause.at_least)


def optional_terms(clause: Clause) -> Iterator[Term]:
    """The terms whose frequency `telling` asks for."""
    if isinstance(clause, Best):
        for part in clause.clauses:
            yield from optional_terms(part)
    elif isinstance(clause, Every):
        for part in clause.required:
            yield from optional_terms(part)
        for part in clause.optional:
            yield from _terms(part)


def _terms(clause: Clause) -> Iterator[Term]:
    if isinstance(clause, Term):
        yield clause
        return
    parts = clause.clauses if isinstance(clause, Best) else (*clause.required, *clause.optional)
    for part in parts:
        yield from _terms(part)


def _reduced(clause: Clause, frequency: Frequency, most: int) -> tuple[Clause | None, bool]:
    """(what of an optional clause tells documents apart, whether it may hold without that): nothing and
    False for a clause that no document satisfies."""
    if isinstance(clause, Term):
        held = frequency(clause.stream, clause.token)
        is_common = held > most
        return (None, is_common) if is_common or not held else (clause, False)
    if isinstance(clause, Best):
        told = [_reduced(part, frequency, most) for part in clause.clauses]
        kept = tuple(part for part, _ in told if part is not None)
        return Best(kept) if kept else None, any(free for _, free in told)
    if clause.at_least is not None:
        return clause, False
    told = [_reduced(part, frequency, most) for part in clause.required]
    if (None, False) in told:
        return None, False
    required = tuple(part for part, free in told if part is not None and not free)
    optional = [part for part, free in told if part is not None and free]
    optional += [part for part in (_reduced(part, frequency, most)[0] for part in clause.optional) if part]
    if required:
        return Every(required, tuple(optional), clause.forbidden), False
    # whatever is left adds up; that nothing of it stands there is no matter
    return Every(tuple(optional), (), clause.forbidden, at_least=1) if optional else None, True
