"""Foreign HTML turned into Markdown that holds no HTML."""

import re
from html import unescape
from html.parser import HTMLParser

import nh3

from opendata.base.kit.vietnamese import clean

_TAG = re.compile(r"<[a-zA-Z/!?]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});")
_BLANK_LINES = re.compile(r"\n{3,}")
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "code": "`"}
_BLOCKS = {"p", "div", "ul", "ol", "pre", "blockquote", "table", *_HEADINGS}
_LINES = {"br", "li", "tr"}
_TAGS = {"a", "td", "th", *_MARKS, *_BLOCKS, *_LINES}
_SCHEMES = {"http", "https", "mailto"}


def to_markdown(text: str) -> str:
    """Markdown without any HTML; text that has none comes back clean and otherwise unchanged.

    Scripts, styles, images and links to other schemes than http, https and mailto are left out.
    """
    if not _TAG.search(text):
        return clean(_plain(text), multiline=True)
    writer = _Writer()
    writer.feed(nh3.clean(text, tags=_TAGS, attributes={"a": {"href"}}, link_rel=None, url_schemes=_SCHEMES))
    writer.close()
    return _BLANK_LINES.sub("\n\n", clean(writer.written(), multiline=True))


def to_line(text: str) -> str:
    """One line of plain text: for titles and names in which tags have strayed."""
    if _TAG.search(text):
        text = unescape(nh3.clean(text, tags=set()))
    return clean(_plain(text))


def _plain(text: str) -> str:
    return unescape(text) if _ENTITY.search(text) else text


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._links: list[str | None] = []
        self._lists: list[int | None] = []

    def written(self) -> str:
        return "".join(self._parts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"ul", "ol"}:
            self._lists.append(0 if tag == "ol" else None)
        if tag in _BLOCKS:
            self._parts.append("\n\n" + _HEADINGS.get(tag, ""))
        elif tag in _LINES:
            self._parts.append("\n" + (self._bullet() if tag == "li" else ""))
        elif tag == "a":
            self._links.append(dict(attrs).get("href"))
            self._parts.append("[" if self._links[-1] else "")
        else:
            self._parts.append(_MARKS.get(tag, " "))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"ul", "ol"} and self._lists:
            self._lists.pop()
        if tag in _BLOCKS:
            self._parts.append("\n\n")
        elif tag == "a" and self._links:
            target = self._links.pop()
            self._parts.append(f"]({_link(target)})" if target else "")
        elif tag in _MARKS:
            self._parts.append(_MARKS[tag])

    def handle_data(self, data: str) -> None:
        self._parts.append(data.replace("<", "&lt;"))

    def _bullet(self) -> str:
        if self._lists and self._lists[-1] is not None:
            self._lists[-1] += 1
            return f"{self._lists[-1]}. "
        return "- "


def _link(target: str) -> str:
    return re.sub(r"[\s()<>]", lambda found: f"%{ord(found[0]):02X}", target)
