"""What is done beside the watch for changes."""

import threading

import pytest

from opendata.services.access import changes as watch
from opendata.services.access.changes import Changes
from opendata.testing.web import City


def test_what_was_noted_since_the_last_time_is_written_at_the_end(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that ends is not asked again in so many seconds."""
    monkeypatch.setattr(watch, "EVERY", 0.01)
    changes, begun, times = Changes(city.platform), threading.Event(), []

    def write() -> None:
        times.append(len(times))
        begun.set()

    changes.also(write, seconds=3600)
    changes.start()
    assert begun.wait(10)
    changes.close()
    assert times == [0, 1]
