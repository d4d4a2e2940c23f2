"""What the visible datasets have in common: values of a filter with their counts, from the index alone."""

from collections.abc import Sequence

from opendata.base.kit.errors import Unavailable
from opendata.base.kit.vietnamese import match_key, sort_key
from opendata.base.runtime import Work
from opendata.engines.search import Plan, SearchIndex
from opendata.services.access import policy

ALL_VALUES = 1_000_000


def counts(work: Work, name: str) -> dict[str, int]:
    """{value: number of datasets} of a filter, of the datasets this caller sees."""
    plan = Plan(visible=policy.visible_to(work.caller), facets=(name,), facet_size=ALL_VALUES, size=1)
    try:
        return dict(work.part(SearchIndex).search(plan).facets[name])
    except Unavailable:
        work.reduced = True
        return {}


def tags(work: Work, beginning: str = "") -> Sequence[tuple[str, int]]:
    """Keywords in use with their counts, in Vietnamese order; with `beginning` those with words so begun."""
    wanted = match_key(beginning).split()
    found = [
        (word, count)
        for word, count in counts(work, "tag").items()
        if not wanted or _begins(match_key(word).split(), wanted)
    ]
    return sorted(found, key=lambda item: (sort_key(item[0]), item[0]))


def _begins(words: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether `wanted` is in `words`, side by side, the last one perhaps only begun."""
    whole, last = list(wanted[:-1]), wanted[-1]
    places = range(len(words) - len(wanted) + 1)
    return any(
        words[at : at + len(whole)] == whole and words[at + len(whole)].startswith(last) for at in places
    )
