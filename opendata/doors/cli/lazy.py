"""Groups and commands whose help is a message id, and a root that loads a noun only when it is used."""

from collections.abc import Mapping
from copy import copy
from importlib import import_module
from typing import Any

import click

from opendata.doors.cli.invocation import Invocation, translate


class Command(click.Command):
    """Shows its help in the language of the call."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super(Command, _translated(self, ctx)).format_help(ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        return super(Command, _translated(self, click.get_current_context())).get_short_help_str(limit)


class Group(click.Group):
    """A noun with its verbs."""

    command_class = Command

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super(Group, _translated(self, ctx)).format_help(ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        return super(Group, _translated(self, click.get_current_context())).get_short_help_str(limit)


class LazyGroup(Group):
    """`nouns` maps a noun to what it does; its module `commands.<noun>` holds `command`."""

    def __init__(self, *args: Any, nouns: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.nouns = dict(nouns or {})

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.nouns)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in self.nouns:
            return None
        found: click.Command = import_module(f"opendata.doors.cli.commands.{name}").command
        found.name = name
        found.help = self.nouns[name]
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From the table alone, so that the overview loads no noun."""
        language = _language(ctx)
        with formatter.section("Commands"):
            formatter.write_dl([(name, translate(language, text)) for name, text in self.nouns.items()])


def _translated(command: Any, ctx: click.Context) -> Any:
    language = _language(ctx)
    shown = copy(command)
    shown.help = translate(language, command.help or "")
    shown.params = [_parameter(parameter, language) for parameter in command.params]
    return shown


def _parameter(parameter: click.Parameter, language: str) -> click.Parameter:
    shown = copy(parameter)
    if isinstance(shown, click.Option) and shown.help:
        shown.help = translate(language, shown.help)
    return shown


def _language(ctx: click.Context) -> str:
    invocation = ctx.find_object(Invocation)
    return invocation.language if invocation else str(ctx.find_root().params.get("lang") or "vi")
