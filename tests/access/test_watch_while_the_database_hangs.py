"""A database that does not answer keeps nobody waiting for news of changes but the one who asks it."""

import threading
import time

import pytest

from opendata.services.access.changes import LATEST, MOMENT, Changes

pytestmark = pytest.mark.alone


def test_only_one_waits_for_a_database_that_hangs(platform, monkeypatch) -> None:
    changes = Changes(platform)
    hangs, goes_on = threading.Event(), threading.Event()

    def hung() -> bool:
        hangs.set()
        goes_on.wait(10)
        return False

    monkeypatch.setattr(changes, "_may_have_changed", hung)
    monkeypatch.setattr("opendata.services.access.changes.EVERY", 0.0)
    one = threading.Thread(target=changes.current)
    one.start()
    assert hangs.wait(5)
    began = time.monotonic()
    assert changes.current() > LATEST
    assert time.monotonic() - began < MOMENT + 1
    goes_on.set()
    one.join()
    assert changes.age < LATEST
