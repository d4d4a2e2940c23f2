"""Keywords: the first spelling of a word becomes the spelling of all."""

from sqlalchemy import select

from opendata.base.formats.record import LangList
from opendata.base.kit.vietnamese import exact_key
from opendata.base.models import Tag
from opendata.base.runtime import Work


def canonical(work: Work, keywords: LangList) -> LangList:
    """Replace each word by the spelling already in use; words never seen become the spelling in use."""
    keys = {exact_key(word): word for words in keywords.values() for word in words}
    if not keys:
        return keywords
    known = _spellings(work, keys)
    return {lang: [known[exact_key(word)] for word in words] for lang, words in keywords.items()}


def _spellings(work: Work, keys: dict[str, str]) -> dict[str, str]:
    """Spellings by key. What this transaction has learnt is asked once: a batch shares most of its words."""
    learnt: dict[str, str] = work.session.info.setdefault("tags", {})
    asked = [key for key in keys if key not in learnt]
    if asked:
        with work.session.no_autoflush:
            rows = work.session.execute(select(Tag.key, Tag.label).where(Tag.key.in_(asked)))
        learnt.update({row.key: row.label for row in rows})
    for key, word in keys.items():
        if key not in learnt:
            work.session.add(Tag(key=key, label=word))
            learnt[key] = word
    return learnt
