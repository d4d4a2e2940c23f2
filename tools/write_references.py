"""Write the generated pages of docs/: settings, error codes, filters.

python tools/write_references.py
"""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import click

import opendata
from opendata import settings
from opendata.base.i18n import translations
from opendata.base.kit.errors import OpenDataError
from opendata.doors.cli.invocation import Invocation
from opendata.doors.cli.root import cli
from opendata.services.catalog.filters import FILTERS

DOCS = Path(__file__).resolve().parent.parent / "docs"
SKIPPED = (".migrations", ".testing", "__main__")
WRITTEN = "<!-- Written by `make docs`; changes here are lost. -->"


def pages() -> dict[str, str]:
    """Every generated page by file name."""
    return {
        "settings.md": settings_page(),
        "errors.md": errors_page(),
        "filters.md": filters_page(),
        "commands.md": commands_page(),
    }


def settings_page() -> str:
    intro = (
        "Defaults, then the TOML file named by `--config` or `OPENDATA_CONFIG`, then the environment. "
        "Lists in the environment are separated by commas."
    )
    return f"# Settings\n{WRITTEN}\n\n{intro}\n\n{settings.reference()}"


def errors_page() -> str:
    lines = [
        "# Error codes",
        WRITTEN,
        "",
        "The `code` of an error never changes. Under `/api/` it is in an `application/problem+json` body.",
        "",
        "| code | status | Vietnamese | English |",
        "|---|---|---|---|",
    ]
    english = translations("en")
    for code, status, message in sorted(set(_errors())):
        lines.append(f'| <a id="{code}"></a>`{code}` | {status} | {message} | {english.gettext(message)} |')
    return "\n".join(lines) + "\n"


def filters_page() -> str:
    lines = [
        "# Filters of the dataset search",
        WRITTEN,
        "",
        "Each is an argument of `GET /api/v1/datasets`, a facet, and a part of the sidebar.",
        "",
        "| name | Vietnamese | English |",
        "|---|---|---|",
    ]
    lines += [f"| `{one.name}` | {one.label}: {one.help['vi']} | {one.help['en']} |" for one in FILTERS]
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Every command with its arguments and options, in English; `--help` says the same in Vietnamese."""
    lines = ["# The command line", WRITTEN, "", "[running.md](running.md) says what they are for."]
    with click.Context(
        cli, info_name="opendata", obj=Invocation(language="en"), **cli.context_settings
    ) as root:
        for noun in cli.list_commands(root):
            found = cli.get_command(root, noun)
            if found is not None:
                lines += _described(found, root)
    return "\n".join(lines) + "\n"


def _described(command: click.Command, parent: click.Context) -> Iterator[str]:
    with click.Context(command, info_name=command.name, parent=parent) as ctx:
        verbs = command.commands.values() if isinstance(command, click.Group) else ()
        if not verbs:
            text = command.get_help(ctx)
            yield from ("", f"## {ctx.command_path}", "", "```", text, "```")
        for verb in verbs:
            yield from _described(verb, ctx)


def _errors() -> Iterator[tuple[str, int, str]]:
    for module in pkgutil.walk_packages(opendata.__path__, "opendata."):
        if not any(part in module.name for part in SKIPPED):
            importlib.import_module(module.name)
    waiting = [OpenDataError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if "code" in vars(kind):
            yield kind.code, kind.status, kind.message


def main() -> None:
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
