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
def reporting() -> Iterator[Callable[[str], Advance]]:
    """Gives a function that opens a stage under its title."""
    if not sys.stderr.isatty():
        yield _Lines
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[label]}"), console=Console(stderr=True)) as progress:
        yield lambda title: _bar(progress, title)


def _bar(progress: Progress, title: str) -> Advance:
    """A bar that appears with its first step."""
    task = progress.add_task(title, total=None, label="", visible=False, start=False)

    def advance(label: str, done: int, total: int) -> None:
        progress.start_task(task)
        progress.update(task, completed=done, total=total or None, label=label, visible=True)

    return advance


class _Lines:
    """Says nothing about steps shorter than two seconds, then a line at most every two."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._said = time.monotonic()

    def __call__(self, label: str, done: int, total: int) -> None:
        if time.monotonic() - self._said >= QUIET_SECONDS:
            self._said = time.monotonic()
            click.echo(f"{self._title}: {done}/{total or '?'} {label}", err=True)
