"""What a command works with: the platform, the caller, and ways to say things."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import click
import orjson
from rich.console import Console as Screen
from rich.table import Table

from opendata.assembly import NotMigrated, assemble
from opendata.base.kit.errors import N_
from opendata.base.models import migrations
from opendata.base.runtime import Caller, Platform, Work
from opendata.doors.cli.invocation import Invocation
from opendata.doors.cli.lazy import Command
from opendata.doors.cli.progress import Advance, reporting
from opendata.settings import Settings, load

P = ParamSpec("P")
R = TypeVar("R")

OPERATOR = Caller(kind="system", name="cli", operator=True)
"""Whoever may run commands on the machine operates the portal."""


class Console:
    """Opened for one command; the platform is put together when first used."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.language = invocation.language

    @cached_property
    def settings(self) -> Settings:
        return load(self.invocation.config, overrides=self.invocation.settings)

    @cached_property
    def platform(self) -> Platform:
        """The product without a door, on a database that is up to date. Raises `NotMigrated`."""
        platform = self.unchecked_platform
        if migrations.pending(platform.engine):
            raise NotMigrated
        return platform

    @cached_property
    def unchecked_platform(self) -> Platform:
        quiet = self.settings if self.invocation.debug else replace(self.settings, log_level="WARNING")
        return assemble(quiet, immediate_jobs=True)

    def work(self) -> AbstractContextManager[Work]:
        return self.platform.work(OPERATOR)

    def read(self) -> AbstractContextManager[Work]:
        return self.platform.read(OPERATOR)

    def text(self, message: str, **params: Any) -> str:
        return self.invocation.say(message, **params)

    def say(self, message: str, **params: Any) -> None:
        """A line on standard output."""
        click.echo(self.text(message, **params))

    def json(self, value: Any) -> None:
        click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())

    def table(self, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
        """`columns` maps a key of the rows to its heading (a message id)."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in columns.values():
            table.add_column(self.text(heading), overflow="fold")
        for row in rows:
            table.add_row(*(_cell(row.get(key)) for key in columns))
        Screen(width=None if sys.stdout.isatty() else 240, markup=False, highlight=False).print(table)

    def rows(self, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, as_json: bool) -> None:
        """A list as JSON or as a table."""
        if as_json:
            self.json(rows)
        else:
            self.table(rows, columns)

    def details(self, value: Mapping[str, Any], *, as_json: bool) -> None:
        """One object as JSON or as a line for each field."""
        if as_json:
            self.json(value)
            return
        width = max(map(len, value), default=0)
        for name, item in value.items():
            click.echo(f"{name:<{width}}  {_cell(item)}")

    @contextmanager
    def progress(self, message: str) -> Iterator[Advance]:
        """A callback (label, done, total) that shows how far a long step is, on standard error."""
        with reporting() as stage:
            yield stage(self.text(message))

    @contextmanager
    def stages(self) -> Iterator[Callable[[str], Advance]]:
        """`progress` for a step of several parts: a callback for each message."""
        with reporting() as stage:
            yield lambda message: stage(self.text(message))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, Mapping | list | tuple):
        return orjson.dumps(value).decode()
    return str(value)


def with_console(function: Callable[Concatenate[Console, P], R]) -> Callable[P, R]:
    """Hands the command a `Console` and closes the database behind it."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        invocation = click.get_current_context().find_object(Invocation) or Invocation()
        console = Console(invocation)
        try:
            return function(console, *args, **kwargs)
        finally:
            if "unchecked_platform" in console.__dict__:
                console.unchecked_platform.close()

    return wrapper


json_option = click.option("--json", "as_json", is_flag=True, help=N_("Xuất JSON."))


def verb(name: str, help_text: str) -> Callable[[Callable[..., Any]], Command]:
    """A command of its own outside a group."""
    return click.command(name, cls=Command, help=help_text)
