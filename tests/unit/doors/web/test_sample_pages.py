"""Every page, drawn with made-up content in both languages, keeps the rules of the house."""

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest

from opendata.doors.web.design.pages import PAGES
from opendata.doors.web.design.site import render_sample, sample_environment

ENVIRONMENT = sample_environment()
BOTH = pytest.mark.parametrize("language", ["vi", "en"])
EVERY = pytest.mark.parametrize("page", sorted(PAGES))
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta"}
INTERFACE_VIETNAMESE = re.compile(r"[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệịỉĩọỏốồổỗộớờởỡợụủũứừửữựỳỵỷỹ]", re.IGNORECASE)


class Page(HTMLParser):
    """Elements with their attributes, the text of controls, and headings in order."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.controls: list[tuple[str, str, str]] = []
        self.headings: list[int] = []
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self._collecting: list[dict[str, Any]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in {"a", "button", "summary"}:
            self._collecting.append({"tag": tag, "attrs": attributes, "text": ""})
        if tag not in VOID:
            self.open.append((tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without a beginning"
        assert self.open[-1][0] == tag, f"</{tag}> closes <{self.open[-1][0]}>"
        self.open.pop()
        if self._collecting and self._collecting[-1]["tag"] == tag:
            done = self._collecting.pop()
            attrs = done["attrs"]
            name = attrs.get("aria-label") or " ".join(done["text"].split())
            effect = attrs.get("href") or f"{attrs.get('name')}={attrs.get('value')}{attrs.get('data-copy')}"
            self.controls.append((tag, name, effect))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        for control in self._collecting:
            control["text"] += data


def drawn(page: str, language: str) -> Page:
    return Page(render_sample(ENVIRONMENT, page, language))


@BOTH
@EVERY
def test_pages_hold_no_inline_script_style_or_handler(page: str, language: str) -> None:
    for tag, attributes in drawn(page, language).elements:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        assert tag != "style"
        assert tag != "script" or "src" in attributes or attributes.get("type") == "application/ld+json"


@BOTH
@EVERY
def test_pages_ask_nothing_of_other_hosts(page: str, language: str) -> None:
    for tag, attributes in drawn(page, language).elements:
        if tag in {"link", "script", "img", "iframe", "source"} and attributes.get("rel") != "canonical":
            assert not (attributes.get("href") or attributes.get("src") or "").startswith(("http", "//"))


@BOTH
@EVERY
def test_ids_are_unique_and_references_lead_to_them(page: str, language: str) -> None:
    elements = drawn(page, language).elements
    ids = Counter(attributes["id"] for _, attributes in elements if attributes.get("id"))
    assert [name for name, count in ids.items() if count > 1] == []
    for _, attributes in elements:
        for reference in ("for", "aria-labelledby", "aria-describedby", "data-copy"):
            for name in (attributes.get(reference) or "").split():
                assert name in ids, f"{reference}={name}"


@BOTH
@EVERY
def test_no_two_controls_share_a_name_and_differ_in_effect(page: str, language: str) -> None:
    effects: dict[tuple[str, str], set[str]] = {}
    for tag, name, effect in drawn(page, language).controls:
        assert name, f"a nameless {tag} to {effect}"
        if not name.endswith((":", "…")) and tag != "summary":
            effects.setdefault((tag, name), set()).add(effect)
    # The same dataset stands in several lists of the samples; that is one name and one effect.
    assert {name: found for name, found in effects.items() if len(found) > 1} == {}


@BOTH
@EVERY
def test_pages_have_landmarks_one_title_and_headings_in_order(page: str, language: str) -> None:
    shown = drawn(page, language)
    tags = Counter(tag for tag, _ in shown.elements)
    assert (tags["main"], tags["h1"], tags["title"]) == (1, 1, 1)
    assert tags["header"] >= 1
    assert tags["footer"] == 1
    steps = [after - before for before, after in zip(shown.headings, shown.headings[1:], strict=False)]
    assert max(steps, default=0) <= 1
    assert shown.elements[0] == ("html", {"lang": language})


@BOTH
@EVERY
def test_every_field_has_a_label(page: str, language: str) -> None:
    elements = drawn(page, language).elements
    labelled = {attributes.get("for") for tag, attributes in elements if tag == "label"}
    for tag, attributes in elements:
        if tag in {"input", "select", "textarea"} and attributes.get("type") not in {
            "hidden",
            "checkbox",
            "radio",
        }:
            assert attributes.get("id") in labelled or attributes.get("aria-label"), attributes.get("name")


@EVERY
def test_post_forms_carry_the_token(page: str) -> None:
    source = render_sample(ENVIRONMENT, page, "vi")
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", source, re.DOTALL):
        assert 'name="csrf_token"' in form


@pytest.mark.parametrize("page", ["home", "search", "organizations", "about", "sign_in", "errors/404"])
def test_english_pages_mark_what_is_vietnamese(page: str) -> None:
    """Vietnamese letters on an English page stand inside lang="vi" or are words somebody typed."""
    source = render_sample(ENVIRONMENT, page, "en")
    bare = re.sub(r'<(\w+)[^>]*\blang="vi"[^>]*>.*?</\1>', "", source, flags=re.DOTALL)
    bare = re.sub(r"<mark>.*?</mark>|<pre.*?</pre>", "", bare, flags=re.DOTALL)
    texts = [text.strip() for text in re.findall(r">([^<]+)<", bare) if INTERFACE_VIETNAMESE.search(text)]
    typed = {
        "dân số phường xã",
        "giá đất 2025",
        "Sản lượng hàng hóa thông qua",
        "Tried: cảng biển; cảng biên.",
    }
    assert set(texts) - typed == set()
