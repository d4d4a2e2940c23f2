"""Write the generated pages of docs/: settings, error codes, filters.

python tools/write_references.py
"""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import opendata
from opendata import settings
from opendata.base.i18n import translations
from opendata.base.kit.errors import OpenDataError
from opendata.services.catalog.filters import FILTERS

DOCS = Path(__file__).resolve().parent.parent / "docs"
WRITTEN = "<!-- Written by `make docs`; changes here are lost. -->"


def pages() -> dict[str, str]:
    """Every generated page by file name."""
    return {"settings.md": settings_page(), "errors.md": errors_page(), "filters.md": filters_page()}


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
        "The `code` of an error never changes. Under `/api/` it stands in a body of type "
        "`application/problem+json`.",
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


def _errors() -> Iterator[tuple[str, int, str]]:
    for module in pkgutil.walk_packages(opendata.__path__, "opendata."):
        if ".migrations" not in module.name and ".testing" not in module.name:
            importlib.import_module(module.name)
    waiting = [OpenDataError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        yield kind.code, kind.status, kind.message


def main() -> None:
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
