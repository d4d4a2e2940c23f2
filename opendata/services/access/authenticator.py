"""From the text of a key to what it may do: without the database once a worker has seen it.

A key is read once and kept until a change is seen (`Changes`). What is unknown is remembered for half a
minute. When the database is away, keys that are known go on for a day and others are told to come back.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from ipaddress import ip_network

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from opendata.base.kit import secrets
from opendata.base.kit.errors import OpenDataError, Unavailable
from opendata.base.kit.secrets import Peppers, fingerprint
from opendata.base.models import ApiKey, Application, User
from opendata.base.runtime import Caller, Platform, Work
from opendata.services.access import applications, credentials, keys, people
from opendata.services.access.changes import Changes
from opendata.services.access.credentials import Credential
from opendata.services.access.last_use import LastUse

KEPT = 100_000
UNKNOWN_KEPT = 10_000
UNKNOWN_SECONDS = 30.0
LONGEST_BLIND = 24 * 3600
"""Seconds a remembered key is good for while nothing can be learnt of changes."""
STRIPES = 64

TokenReader = Callable[[str], Credential]
"""Reads an access token that is no key. Raises `TokenInvalid` and its like."""


def _no_tokens(_text: str) -> Credential:
    raise credentials.TokenInvalid


class Authenticator:
    """One per process. `read_token` is where an OAuth2 server hangs in its own reader."""

    def __init__(self, platform: Platform, changes: Changes) -> None:
        self.read_token: TokenReader = _no_tokens
        self._platform = platform
        self._changes = changes
        self._prefix: str = platform.settings.key_prefix
        self._peppers = platform.part(Peppers)
        self._last_use = platform.part(LastUse)
        self._known: OrderedDict[bytes, Credential] = OrderedDict()
        self._unknown: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()
        self._turns = [threading.Lock() for _ in range(STRIPES)]
        self._forgotten = 0
        changes.follow(ApiKey.id, ApiKey.version, lambda ids: self._forget(ids, lambda c: (c.id,)))
        changes.follow(
            Application.id, Application.version, lambda ids: self._forget(ids, lambda c: (c.application_id,))
        )
        changes.follow(User.id, User.version, lambda ids: self._forget(ids, lambda c: c.people))

    def remembered(self, text: str) -> Credential | None:
        """A key that this worker has seen: using it costs nobody anything. Raises `Unavailable`."""
        age = self._changes.current()
        credential = self._known.get(fingerprint(text))
        if credential is None:
            return None
        if age > LONGEST_BLIND:
            raise Unavailable
        self._last_use.note(credential.id)
        return credential

    def key(self, text: str) -> Credential:
        """The key with this text. It may still be expired or bound to another network.

        Raises `KeyMalformed` (nothing was looked up), `KeyUnknown`, `Unavailable`.
        """
        credential = self.remembered(text)
        if credential is None:
            credential = self._looked_up(text)
            self._last_use.note(credential.id)
        return credential

    def _looked_up(self, text: str) -> Credential:
        """One look for each key at a time, however many ask."""
        if secrets.kind_of(text, self._prefix) not in applications.ENVIRONMENTS:
            raise credentials.KeyMalformed
        digest = fingerprint(text)
        with self._turns[digest[0] % STRIPES]:
            if (known := self._known.get(digest)) is not None:
                return known
            if self._unknown.get(digest, 0.0) > time.monotonic():
                raise credentials.KeyUnknown
            before = self._forgotten
            try:
                with self._platform.read() as work:
                    found = _find(work, self._peppers.digests(text))
            except (DBAPIError, PoolTimeout) as error:
                raise Unavailable from error
            if found is None:
                self._note_unknown(digest)
                raise credentials.KeyUnknown
            credential, kid = found
            if kid != self._peppers.current:
                self._last_use.rewrite(credential.id, self._peppers.digest(text), self._peppers.current)
            self._keep(digest, credential, before)
            return credential

    def _keep(self, digest: bytes, credential: Credential, before: int) -> None:
        """Unless something changed while it was read: then the next call reads it again."""
        with self._lock:
            if self._forgotten != before:
                return
            self._known[digest] = credential
            if len(self._known) > KEPT:
                self._known.popitem(last=False)

    def _note_unknown(self, digest: bytes) -> None:
        with self._lock:
            self._unknown[digest] = time.monotonic() + UNKNOWN_SECONDS
            if len(self._unknown) > UNKNOWN_KEPT:
                self._unknown.popitem(last=False)

    def _forget(self, ids: list[str] | None, names: Callable[[Credential], Iterable[str]]) -> None:
        if ids is not None and not ids:
            return
        with self._lock:
            self._forgotten += 1
            if ids is None:
                self._known.clear()
                return
            gone = set(ids)
            for digest in [
                digest for digest, kept in self._known.items() if not gone.isdisjoint(names(kept))
            ]:
                del self._known[digest]


def _find(work: Work, digests: dict[bytes, str]) -> tuple[Credential, str] | None:
    """The credential and the id of the pepper its digest is stored under."""
    row = work.session.execute(
        select(ApiKey, Application)
        .join(Application, Application.id == ApiKey.application_id)
        .where(ApiKey.digest.in_(list(digests)))
        .limit(1)
    ).first()
    if row is None:
        return None
    key, application = row
    return credential_of(work, key, application), digests[key.digest]


def credential_of(work: Work, key: ApiKey, application: Application) -> Credential:
    """A key with the rights of the person it acts for: the owner of its application, or in an
    organisation the one who made it."""
    person_id = application.owner_user_id or key.created_by_id
    person = work.session.get(User, person_id) if person_id else None
    scopes = frozenset(key.scopes) & frozenset(application.scopes)
    name = f"{application.name} · {key.name}"
    caller = caller_for(work, person, home=application.owner_org_id, name=name, scopes=scopes)
    return Credential(
        kind="key",
        id=key.id,
        application_id=application.id,
        owner=applications.owner_of(application),
        env=application.env,
        scopes=scopes,
        expires_at=_end(work, key, person),
        caller=replace(caller, credential=key.id, application_id=application.id),
        people=frozenset({person_id} if person_id else ()),
        products=frozenset(key.products),
        networks=tuple(ip_network(text) for text in key.cidrs),
        origins=frozenset(key.origins),
        replaced=key.replaced_by is not None,
        refusal=_refusal(key, application, person),
    )


def _end(work: Work, key: ApiKey, person: User | None) -> datetime:
    return keys.end_of(key, person, work.platform.settings.unconfirmed_days)


def _refusal(key: ApiKey, application: Application, person: User | None) -> type[OpenDataError] | None:
    if key.revoked_at is not None or application.status == "closed":
        return credentials.KeyRevoked
    if application.status != "active":
        return credentials.ApplicationSuspended
    if application.owner_user_id and (person is None or not person.active):
        return credentials.AccountBlocked
    return None


def caller_for(
    work: Work, person: User | None, *, home: str | None, name: str, scopes: frozenset[str]
) -> Caller:
    """Somebody's rights lent to a credential. Roles count only where the application is at home:
    everywhere for a person's own, in the one organisation for its."""
    as_person = people.caller_of(work, person) if person is not None and person.active else Caller()
    return Caller(
        kind="key",
        user_id=as_person.user_id,
        name=name,
        operator=as_person.operator and home is None,
        roles=as_person.roles if home is None else _only(home, as_person.roles),
        teams=as_person.teams if home is None else _only(home, as_person.teams),
        locale=as_person.locale,
        scopes=scopes,
        home=home,
    )


def _only(home: str, roles: Mapping[str, str]) -> Mapping[str, str]:
    return {home: roles[home]} if home in roles else {}
