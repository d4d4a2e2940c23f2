"""How many calls blocked networks were refused: counted in memory, written now and then, never on the path
of a call."""

import threading
from collections import Counter

from sqlalchemy import update

from opendata.base.models import NetworkBlock
from opendata.base.runtime import SYSTEM, Platform


class Refusals:
    """One per process; the numbers of all meet in the database."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._lock = threading.Lock()
        self._counted: Counter[str] = Counter()

    def note(self, block_id: str) -> None:
        with self._lock:
            self._counted[block_id] += 1

    def flush(self) -> None:
        """Write what was counted; what cannot be written is kept for the next time."""
        with self._lock:
            counted, self._counted = self._counted, Counter()
        if not counted:
            return
        try:
            with self._platform.work(SYSTEM) as work:
                for block_id, calls in sorted(counted.items()):
                    values = {"refused": NetworkBlock.refused + calls, "refused_at": work.now}
                    work.session.execute(
                        update(NetworkBlock).where(NetworkBlock.id == block_id).values(values)
                    )
        except BaseException:
            with self._lock:
                self._counted += counted
            raise

    def close(self) -> None:
        self.flush()
