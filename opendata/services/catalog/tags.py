"""Keywords: the first spelling of a word becomes the spelling of all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from sqlalchemy import select

from opendata.base.formats.record import LangList
from opendata.base.kit.vietnamese import exact_key
from opendata.base.models import Tag
from opendata.base.runtime import Work
from opendata.base.runtime.database import insert_into

AT_ONCE = 5_000
"""Words in one statement, of which a database takes so many."""


def canonical(work: Work, keywords: LangList) -> LangList:
    """Replace each word by the spelling already in use; words never seen become the spelling in use."""
    keys = {exact_key(word): word for words in keywords.values() for word in words}
    if not keys:
        return keywords
    known = _spellings(work, keys)
    return {lang: [known[exact_key(word)] for word in words] for lang, words in keywords.items()}


def expect(work: Work, batch: Iterable[LangList]) -> None:
    """Look up, and add, at once what a batch of `canonical` is going to ask for one by one."""
    keys: dict[str, str] = {}
    for keywords in batch:
        for word in (word for words in keywords.values() for word in words):
            keys.setdefault(exact_key(word), word)
    _spellings(work, keys)


def _spellings(work: Work, keys: Mapping[str, str]) -> Mapping[str, str]:
    """Spellings by key. What this transaction has learnt is asked once: a batch shares most of its words."""
    learnt: dict[str, str] = work.session.info.setdefault("tags", {})
    with work.session.no_autoflush:
        for asked in _parts(key for key in keys if key not in learnt):
            learnt.update(_known(work, asked))
        # in one order: two who add the same words wait for one another one way only
        for fresh in _parts(key for key in sorted(keys) if key not in learnt):
            _add(work, {key: keys[key] for key in fresh})
            learnt.update(_known(work, fresh))
    return learnt


def _parts(keys: Iterable[str]) -> Iterator[Sequence[str]]:
    """All of them are gathered first: what is learnt of one part is no part of the next."""
    waiting = iter(list(keys))
    while part := list(islice(waiting, AT_ONCE)):
        yield part


def _known(work: Work, keys: Sequence[str]) -> Mapping[str, str]:
    rows = work.session.execute(select(Tag.key, Tag.label).where(Tag.key.in_(keys)))
    return {row.key: row.label for row in rows}


def _add(work: Work, fresh: Mapping[str, str]) -> None:
    """Somebody else may add the same word at the same moment: the spelling of who commits first stays, and is
    read afterwards."""
    rows = [{"key": key, "label": word} for key, word in fresh.items()]
    work.session.execute(insert_into(work.session, Tag).on_conflict_do_nothing(), rows)
