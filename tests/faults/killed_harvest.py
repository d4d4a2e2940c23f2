"""Run by the fault tests in a process of its own: carries a harvest on until it is told to die.

    python killed_harvest.py FOLDER POINT NUMBER

POINT is the place (see `_POINTS`) and NUMBER how often it may be passed before the process kills itself.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opendata.base.runtime import SYSTEM
from opendata.base.runtime.platform import Platform
from opendata.engines.files import s3
from opendata.engines.files.local import LocalFiles
from opendata.services.catalog import datasets, workflow
from opendata.services.harvest import apply, blobs, pipeline, runs, sources
from opendata.testing import modes
from opendata.testing.fixtures import bare_platform

_POINTS: dict[str, tuple[Any, str]] = {
    "commit": (Platform, "work"),
    "create": (datasets, "create"),
    "publish": (workflow, "publish"),
    "spool": (blobs, "store"),
    "file": (s3.S3Files, "_send") if modes.scaled() else (LocalFiles, "_publish"),
    "byte": (s3, "_receive") if modes.scaled() else (LocalFiles, "_receive"),
}


def dying(real: Callable[..., Any], passes: int) -> Callable[..., Any]:
    left = [passes]

    def call(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)

    return call


def main(folder: str, point: str, number: str) -> None:
    platform = bare_platform(Path(folder))
    with platform.work(SYSTEM) as work:
        run_id = runs.start(work, sources.visible(work)[0]).id
    apply.BATCH = 5
    owner, name = _POINTS[point]
    setattr(owner, name, dying(getattr(owner, name), int(number)))
    pipeline.run(platform, run_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
