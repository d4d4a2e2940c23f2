"""The keys that sign access tokens: next, current, retired.

A key is published long before it signs, so that whoever keeps our key set knows it by then, and for as
long as tokens it signed may be good. The private part is sealed under a key of the settings.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from joserfc.jwk import ECKey
from sqlalchemy import select

from opendata.base.kit.errors import N_, Conflict, NotFound
from opendata.base.kit.secrets import Peppers, Unsealable
from opendata.base.models import SigningKey
from opendata.base.runtime import SYSTEM, Platform, Work
from opendata.services.access import audit, policy
from opendata.services.access.changes import Changes, next_version
from opendata.services.access.policy import Action

PUBLISHED_BEFORE = timedelta(hours=24)
LONGEST_TOKEN = timedelta(hours=1)
KEPT_AFTER = timedelta(hours=1)
"""A retired key stays published this long after the last token it signed has ended."""
ALGORITHM = "ES256"
SEALED_FOR = "signing key"
"""The purpose private parts are sealed for."""


class NextKeyTooYoung(Conflict):
    code = "next_key_too_young"
    message = N_("Khóa kế tiếp chưa được công bố đủ 24 giờ. Dùng --now khi khẩn cấp.")


@dataclass(frozen=True, slots=True)
class _Known:
    signing: ECKey
    verifying: Mapping[str, tuple[ECKey, datetime | None]]
    """By key id, with the time from which a retired one counts no more."""


class SigningKeys:
    """What this process knows of the keys; it learns of changes within a second. One per process."""

    def __init__(self, platform: Platform, changes: Changes) -> None:
        self._platform = platform
        self._changes = changes
        self._lock = threading.Lock()
        self._held: _Known | None = None
        self._forgotten = 0
        changes.follow(SigningKey.kid, SigningKey.version, self._forget)

    def ready(self) -> None:
        """Before a transaction in which tokens are signed: the keys exist and are known."""
        self._known()

    def signing(self) -> ECKey:
        """The current private key. `kid` is its RFC 7638 thumbprint."""
        return self._known().signing

    def verifying(self, kid: str) -> ECKey | None:
        found = self._known().verifying.get(kid)
        if found is None or (found[1] is not None and found[1] <= self._platform.clock()):
            return None
        return found[0]

    def document(self) -> dict[str, Any]:
        """The JSON Web Key Set of all that may have signed or will sign a token (RFC 7517)."""
        now = self._platform.clock()
        return {
            "keys": [
                {**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM}
                for key, until in self._known().verifying.values()
                if until is None or until > now
            ]
        }

    def _forget(self, ids: list[str] | None) -> None:
        if ids is None or ids:
            with self._lock:
                self._forgotten += 1
                self._held = None

    def opens(self) -> bool:
        """Do the peppers of the settings open the stored keys? True where there are none yet."""
        with self._platform.read() as work:
            rows = [row for row in _published(work) if row.state != "retired"]
        try:
            for row in rows:
                self._platform.part(Peppers).unseal(row.private, SEALED_FOR)
        except Unsealable:
            return False
        return True

    def _known(self) -> _Known:
        self._changes.current()
        held = self._held
        return held if held is not None else self._read()

    def _read(self) -> _Known:
        before = self._forgotten
        with self._platform.read() as work:
            rows = _published(work)
        if not any(row.state == "current" for row in rows):
            rows = _first(self._platform)
        known = self._understood(rows)
        with self._lock:
            if self._forgotten == before:
                self._held = known
        return known

    def _understood(self, rows: Sequence[SigningKey]) -> _Known:
        peppers = self._platform.part(Peppers)
        current = next(row for row in rows if row.state == "current")
        private = orjson.loads(peppers.unseal(current.private, SEALED_FOR))
        return _Known(
            signing=ECKey.import_key(private),
            verifying={row.kid: (ECKey.import_key(row.public), _until(row)) for row in rows},
        )


def _until(row: SigningKey) -> datetime | None:
    return row.retired_at + LONGEST_TOKEN + KEPT_AFTER if row.retired_at else None


def _published(work: Work) -> Sequence[SigningKey]:
    """Current first, then next, then retired ones."""
    query = select(SigningKey).where(SigningKey.state.in_(("current", "next", "retired")))
    return work.session.scalars(query.order_by(SigningKey.state, SigningKey.created, SigningKey.kid)).all()


def _first(platform: Platform) -> Sequence[SigningKey]:
    """The keys of a new installation. The change sequence lets one process at a time in here."""
    with platform.work(SYSTEM) as work:
        next_version(work)
        if not any(row.state == "current" for row in _published(work)):
            _draw(work, "current")
            _draw(work, "next")
        return _published(work)


def _draw(work: Work, state: str) -> SigningKey:
    key = ECKey.generate_key("P-256", auto_kid=True)
    private = orjson.dumps(key.as_dict(private=True)).decode()
    row = SigningKey(
        kid=key.kid,
        version=next_version(work),
        state=state,
        public=key.as_dict(private=False),
        private=work.part(Peppers).seal(private, SEALED_FOR),
        created=work.now,
        activated_at=work.now if state == "current" else None,
    )
    work.session.add(row)
    work.session.flush()
    return row


def listing(work: Work) -> Sequence[SigningKey]:
    """Every key, also those no longer published, for operators."""
    policy.require(work.caller, Action.PLATFORM)
    return work.session.scalars(select(SigningKey).order_by(SigningKey.created, SigningKey.kid)).all()


def rotate(work: Work, *, reason: str, at_once: bool = False) -> SigningKey:
    """The next key signs from now on; a new one is published as next. Operators say why. Raises
    `NextKeyTooYoung`."""
    policy.operate(work.caller, reason)
    row = _of_state(work, "next") or _draw(work, "next")
    if not at_once and work.now - row.created < PUBLISHED_BEFORE:
        raise NextKeyTooYoung
    before = _of_state(work, "current")
    if before is not None:
        before.state, before.retired_at, before.version = "retired", work.now, next_version(work)
    _activate(work, row)
    audit.record(
        work, "signing_key.rotate", "signing_key", row.kid, {"reason": reason[:500], "at_once": at_once}
    )
    return row


def remove(work: Work, kid: str, *, reason: str) -> None:
    """In an emergency: nothing this key signed counts any more, within a second. Operators say why."""
    policy.operate(work.caller, reason)
    row = work.session.get(SigningKey, kid)
    if row is None:
        raise NotFound
    before, row.state, row.version = row.state, "removed", next_version(work)
    work.session.flush()
    if before == "current":
        _activate(work, _of_state(work, "next") or _draw(work, "next"))
    elif before == "next":
        _draw(work, "next")
    audit.record(work, "signing_key.remove", "signing_key", kid, {"reason": reason[:500]})


def _activate(work: Work, row: SigningKey) -> None:
    row.state, row.activated_at, row.version = "current", work.now, next_version(work)
    work.session.flush()
    _draw(work, "next")


def _of_state(work: Work, state: str) -> SigningKey | None:
    return work.session.scalar(select(SigningKey).where(SigningKey.state == state).limit(1))
