"""Two transactions that meet, on a database that several share."""

import threading
from collections.abc import Callable

from opendata.base.runtime import SYSTEM, Caller, Platform, Work


def while_it_is_open(
    platform: Platform,
    first: Callable[[Work], object],
    second: Callable[[Work], object],
    *,
    caller: Caller = SYSTEM,
) -> object:
    """What `second` answers, or the kind of what it raises: it comes while the transaction of `first`, by
    `caller`, is open, and waits for it."""
    answers: list[object] = []

    def run() -> None:
        try:
            with platform.work(SYSTEM) as work:
                answers.append(second(work))
        except Exception as error:  # noqa: BLE001  # told by the main thread
            answers.append(type(error))

    thread = threading.Thread(target=run)
    with platform.work(caller) as work:
        first(work)
        work.session.flush()
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), "it waits for the first"
    thread.join(30)
    (answer,) = answers
    return answer
