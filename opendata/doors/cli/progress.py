"""How far a long step is: a bar on a terminal, a line every few seconds elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Advance = Callable[[str, int, int], None]
"""(what is being done, how many are done, how many there are; 0 where nobody knows)."""

QUIET_SECONDS = 2.0


@contextmanager
def reporting(title: str) -> Iterator[Advance]:
    if sys.stderr.isatty():
        with _bar(title) as advance:
            yield advance
    else:
        yield _Lines(title)


@contextmanager
def _bar(title: str) -> Iterator[Advance]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[label]}"), console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=None, label="")
        yield lambda label, done, total: progress.update(
            task, completed=done, total=total or None, label=label
        )


class _Lines:
    """Says nothing about steps shorter than two seconds, then a line at most every two."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._said = time.monotonic()

    def __call__(self, label: str, done: int, total: int) -> None:
        if time.monotonic() - self._said >= QUIET_SECONDS:
            self._said = time.monotonic()
            click.echo(f"{self._title}: {done}/{total or '?'} {label}", err=True)
