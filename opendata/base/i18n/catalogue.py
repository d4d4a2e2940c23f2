"""Loads the English catalogue from its PO file, so that no compile step stands between text and page."""

import gettext
import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("vi", "en")


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Translations into `language`. Vietnamese is the source language and has none to load."""
    if language != "en":
        return gettext.NullTranslations()
    with (Path(__file__).parent / "en.po").open("rb") as source:
        catalogue = read_po(source, locale="en")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def pick(text: Mapping[str, str] | None, language: str) -> str:
    """The text in `language`, else in Vietnamese, else in whatever there is."""
    if not text:
        return ""
    return text.get(language) or text.get("vi") or next(iter(text.values()), "")
