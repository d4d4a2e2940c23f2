"""The interface speaks whole English, never a mixture."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import opendata

PACKAGE = Path(opendata.__file__).parent
PLACES = re.compile(r"%\(\w+\)s")


def template_messages() -> set[str]:
    found = extract_from_dir(
        PACKAGE / "doors/web/templates",
        method_map=[("**.html", "jinja2")],
        options_map={"**.html": {"newstyle_gettext": "true", "extensions": "jinja2.ext.do"}},
        keywords={"_": None, "ngettext": (1, 2)},
    )
    return {message[0] if isinstance(message, tuple) else message for _, _, message, *_ in found}


def catalogue() -> dict[str, tuple[str, ...]]:
    with (PACKAGE / "base/i18n/en.po").open("rb") as source:
        messages = list(read_po(source, locale="en"))
    return {
        (m.id[0] if isinstance(m.id, (tuple, list)) else m.id): (
            (m.string,) if isinstance(m.string, str) else tuple(m.string)
        )
        for m in messages
        if m.id
    }


def test_every_sentence_of_the_templates_has_its_english() -> None:
    known = catalogue()
    assert [message for message in sorted(template_messages()) if not any(known.get(message, ()))] == []


@pytest.mark.parametrize("english", ["singular", "plural"])
def test_translations_fill_the_same_places(english: str) -> None:
    index = 0 if english == "singular" else -1
    wrong = {
        message
        for message, strings in catalogue().items()
        if set(PLACES.findall(message)) != set(PLACES.findall(strings[index]))
    }
    assert wrong == set()


def test_templates_hold_no_percent_sign_that_would_be_read_as_a_place() -> None:
    assert [m for m in template_messages() if re.search(r"%(?!\(\w+\)s|%)", m)] == []


def test_every_sentence_marked_in_the_program_has_its_english() -> None:
    found = extract_from_dir(
        PACKAGE, method_map=[("**/tests/**", "ignore"), ("**.py", "python")], keywords={"N_": None}
    )
    marked = {message for _, _, message, *_ in found if isinstance(message, str)}
    known = catalogue()
    assert [message for message in sorted(marked) if not any(known.get(message, ()))] == []
