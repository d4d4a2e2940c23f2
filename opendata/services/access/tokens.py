"""Things that open a door once: links in mails, the second step of a sign-in, the way to a provider.

Only digests are stored. The text of a mailed link is not stored anywhere: it follows from a random number
in the mail and a pepper, so that neither the table of mails nor a copy of the database opens anything.
"""

import secrets as randomness
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, update

from opendata.base.kit.errors import N_, Invalid
from opendata.base.kit.secrets import Peppers, Unsealable, fingerprint
from opendata.base.models import UserToken
from opendata.base.runtime import Work


class LinkEnded(Invalid):
    code = "link_ended"
    message = N_("Liên kết không đúng, đã được dùng hoặc đã hết hạn.")


def mailed(
    work: Work, purpose: str, *, life: timedelta, user_id: str | None = None, data: Mapping[str, Any] = {}
) -> str:
    """A new token; gives what `text_of` makes it from. Earlier ones of the person for this purpose end."""
    if user_id is not None:
        work.session.execute(
            delete(UserToken).where(UserToken.user_id == user_id, UserToken.purpose == purpose)
        )
    peppers = work.part(Peppers)
    seed = f"{peppers.current}:{randomness.token_urlsafe(24)}"
    _store(work, purpose, text_of(peppers, seed), life=life, user_id=user_id, data=data)
    return seed


def text_of(peppers: Peppers, seed: str) -> str:
    """The token that a seed stands for. Raises `Unsealable` where its key is gone."""
    kid, _, number = seed.partition(":")
    if kid not in peppers.keys:
        raise Unsealable(kid)
    return peppers.derive("mailed token", number, kid).hex()


def direct(
    work: Work, purpose: str, *, life: timedelta, user_id: str | None = None, data: Mapping[str, Any] = {}
) -> str:
    """A new token as text, for a browser that is there to take it."""
    text = randomness.token_urlsafe(32)
    _store(work, purpose, text, life=life, user_id=user_id, data=data)
    return text


def _store(
    work: Work, purpose: str, text: str, *, life: timedelta, user_id: str | None, data: Mapping[str, Any]
) -> None:
    work.session.add(
        UserToken(
            digest=fingerprint(text),
            purpose=purpose,
            user_id=user_id,
            data=dict(data),
            created=work.now,
            expires=work.now + life,
        )
    )
    work.session.flush()


def peek(work: Work, purpose: str, text: str, *, lock: bool = False) -> UserToken:
    """What a token would open, without using it. With `lock` it is to be written to: others who want that
    wait. Raises `LinkEnded`."""
    found = work.session.get(
        UserToken, fingerprint(text), with_for_update=lock or None, populate_existing=lock
    )
    if found is None or found.purpose != purpose or found.used_at is not None or found.expires <= work.now:
        raise LinkEnded
    return found


def take(work: Work, purpose: str, text: str) -> UserToken:
    """Use a token: of two that try at once, one succeeds. Raises `LinkEnded`."""
    used = work.session.execute(
        update(UserToken)
        .where(UserToken.digest == fingerprint(text), UserToken.purpose == purpose)
        .where(UserToken.used_at.is_(None), UserToken.expires > work.now)
        .values(used_at=work.now)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise LinkEnded
    return work.session.get_one(UserToken, fingerprint(text))
