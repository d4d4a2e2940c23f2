"""The day a key was last used: noted in memory, written now and then, never on the path of a call."""

import threading

from sqlalchemy import or_, update

from opendata.base.kit.clock import CITY_ZONE
from opendata.base.models import ApiKey
from opendata.base.runtime import SYSTEM, Platform


class LastUse:
    """One per process. Also rewrites digests of keys that were found under a pepper on its way out."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._lock = threading.Lock()
        self._used: set[str] = set()
        self._written: set[str] = set()
        self._day = platform.clock().astimezone(CITY_ZONE).date()
        self._digests: dict[str, tuple[bytes, str]] = {}

    def note(self, key_id: str) -> None:
        if key_id not in self._written:
            self._used.add(key_id)

    def rewrite(self, key_id: str, digest: bytes, kid: str) -> None:
        self._digests[key_id] = (digest, kid)

    def flush(self) -> None:
        """Write what was noted. A day is written once."""
        with self._lock:
            today = self._platform.clock().astimezone(CITY_ZONE).date()
            if today != self._day:
                self._day = today
                self._written.clear()
            used, digests = list(self._used), dict(self._digests)
            if not used and not digests:
                return
            with self._platform.work(SYSTEM) as work:
                earlier = or_(ApiKey.last_used_on.is_(None), ApiKey.last_used_on < today)
                work.session.execute(
                    update(ApiKey).where(ApiKey.id.in_(used), earlier).values(last_used_on=today)
                )
                for key_id, (digest, kid) in digests.items():
                    work.session.execute(
                        update(ApiKey).where(ApiKey.id == key_id).values(digest=digest, pepper_kid=kid)
                    )
            self._used.difference_update(used)
            self._written.update(used)
            for key_id in digests:
                self._digests.pop(key_id, None)

    def close(self) -> None:
        self.flush()
