"""Prolongs a lease from a thread of its own, so that slow work cannot cost it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger(__name__)
EVERY = 10.0
"""Seconds; a lease lasts several of them."""


@contextmanager
def beating(name: str, beat: Callable[[], None]) -> Iterator[None]:
    """Call `beat` now and then while the body runs. A beat that fails is tried again at the next: who lost
    the lease learns it from what it writes."""
    done = threading.Event()

    def go_on() -> None:
        while not done.wait(EVERY):
            try:
                beat()
            except Exception as error:  # noqa: BLE001
                log.warning("heartbeat.failed", name=name, error=repr(error))

    thread = threading.Thread(target=go_on, name=f"heartbeat:{name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
