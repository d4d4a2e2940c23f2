"""So many calls a second, however long each takes (vegeta).

A load that waits for its answers asks the less the slower they come, and never shows what a full house does.
"""

import csv
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from opendata.testing.load import TIMEOUT, Call, Question
from opendata.testing.servers.missing import built_by_go

_VERSION = "v12.13.0"
_MODULE = "github.com/tsenart/vegeta/v12"
_GRACE = 60.0


class SteadyLoad:
    """Asks one question `rate` times a second for some `seconds`, each time on a connection of its own.
    Leaving it waits for the end; then `calls` holds them all, `at` by `time.time`.

    Raises `ServerMissing` where vegeta is not here and may not be built.
    """

    def __init__(self, port: int, asked: Question, *, rate: int, seconds: float, folder: Path) -> None:
        self.calls: list[Call] = []
        self._program = str(built_by_go("vegeta", _MODULE, _VERSION))
        self._asked, self._seconds = asked, seconds
        self._results = folder / "calls.bin"
        target = folder / "target.txt"
        headers = "".join(f"{name}: {value}\n" for name, value in asked.headers.items())
        target.write_text(f"GET http://127.0.0.1:{port}{asked.path}\n{headers}", encoding="utf-8")
        self._attack = [
            self._program, "attack", f"-targets={target}", f"-output={self._results}", f"-rate={rate}/s",
            f"-duration={seconds}s", f"-timeout={TIMEOUT}s", "-keepalive=false", "-max-body=0",
        ]  # fmt: skip

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._attack, stderr=subprocess.PIPE, text=True)  # noqa: S603
        self._watch = threading.Timer(self._seconds + TIMEOUT + _GRACE, self._process.kill)
        self._watch.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self._process.kill()
        problem = self._process.communicate()[1]
        self._watch.cancel()
        if kind is None:
            if self._process.returncode:
                raise RuntimeError(f"vegeta ended with {self._process.returncode}: {problem[-500:]}")
            self.calls = sorted(self._read(), key=lambda call: call.at)

    def _read(self) -> Iterator[Call]:
        """Its table: moment and time taken in nanoseconds, status 0 where no answer came."""
        encode = [self._program, "encode", "-to=csv", str(self._results)]
        told = subprocess.run(encode, capture_output=True, text=True, check=True, timeout=_GRACE)  # noqa: S603
        for at, status, taken, *_ in csv.reader(told.stdout.splitlines()):
            yield Call(self._asked.name, int(status), int(taken) / 1e9, int(at) / 1e9)
