"""Signed-in browsers. The cookie holds a random token, the database only its digest."""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select

from opendata.base.kit.errors import NotFound, SignInRequired
from opendata.base.kit.hashes import sha256
from opendata.base.models import User, UserSession
from opendata.base.runtime import Caller, Work
from opendata.services.access import audit, people

MOST = 1000
"""Open sessions of a person that are looked at."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """`token` goes into the cookie, `csrf` into every form."""

    token: str
    csrf: str
    caller: Caller


def start(work: Work, user: User, *, hours: int) -> OpenSession:
    """A new session with a new id."""
    token = secrets.token_urlsafe(32)
    csrf = secrets.token_urlsafe(24)
    work.session.add(
        UserSession(
            token_hash=sha256(token.encode()),
            user_id=user.id,
            epoch=user.epoch,
            csrf=csrf,
            created=work.now,
            expires=work.now + timedelta(hours=hours),
        )
    )
    audit.record(work, "session.start", "user", user.id)
    return OpenSession(token, csrf, people.caller_of(work, user))


def resume(work: Work, token: str) -> OpenSession | None:
    """The session of a cookie, with the rights held now; None if it ended."""
    row = work.session.execute(
        select(UserSession, User)
        .join(User, User.id == UserSession.user_id)
        .where(UserSession.token_hash == sha256(token.encode()))
        .where(UserSession.expires >= work.now, UserSession.epoch == User.epoch, User.active)
    ).first()
    if row is None:
        return None
    return OpenSession(token, row.UserSession.csrf, people.caller_of(work, row.User))


def holder(work: Work, token: str) -> User:
    """The person of an open session, held until this transaction ends, before the session is exchanged for
    a new one: a session that is being ended opens no other. Raises `SignInRequired`."""
    person = work.session.scalar(
        select(User)
        .join(UserSession, UserSession.user_id == User.id)
        .where(UserSession.token_hash == sha256(token.encode()))
        .where(UserSession.expires >= work.now, UserSession.epoch == User.epoch, User.active)
        .with_for_update(of=User, key_share=True)
        .execution_options(populate_existing=True)
    )
    if person is None:
        raise SignInRequired
    return person


def end(work: Work, token: str) -> None:
    work.session.execute(delete(UserSession).where(UserSession.token_hash == sha256(token.encode())))


def listing(work: Work, user: User, *, limit: int = 50) -> Sequence[UserSession]:
    """The person's open sessions, newest first."""
    query = (
        select(UserSession)
        .where(UserSession.user_id == user.id, UserSession.epoch == user.epoch)
        .where(UserSession.expires >= work.now)
        .order_by(UserSession.created.desc(), UserSession.token_hash)
        .limit(limit)
    )
    return work.session.scalars(query).all()


def name_of(row: UserSession) -> str:
    """What a session is called by in lists: it opens nothing."""
    return sha256(row.token_hash.encode())[:16]


def end_one(work: Work, user: User, name: str) -> UserSession:
    """One session of the person ends now. Raises `NotFound`."""
    found = next((row for row in listing(work, user, limit=MOST) if name_of(row) == name), None)
    if found is None:
        raise NotFound
    work.session.delete(found)
    audit.record(work, "session.end", "user", user.id)
    return found


def keep_only(work: Work, user: User, token: str) -> int:
    """Every session of the person but the one of this cookie ends; how many did."""
    query = delete(UserSession).where(UserSession.user_id == user.id)
    done = work.session.execute(query.where(UserSession.token_hash != sha256(token.encode())))
    audit.record(work, "session.end_others", "user", user.id)
    return int(done.rowcount)  # type: ignore[attr-defined]


def is_this(row: UserSession, token: str) -> bool:
    """Whether a row is the session of this cookie."""
    return hmac.compare_digest(row.token_hash, sha256(token.encode()))


def end_others(work: Work, user: User, *, hours: int) -> OpenSession:
    """End every session of the person and open a new one for the browser that asked."""
    people.end_sessions(work, user)
    audit.record(work, "session.end_others", "user", user.id)
    return start(work, user, hours=hours)
