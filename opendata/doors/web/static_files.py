"""The built style, scripts, fonts and icons, by their plain names."""

import json
from collections.abc import Container, Mapping
from functools import cached_property
from pathlib import Path

from markupsafe import Markup

STATIC = Path(__file__).parent / "static"


class StaticFiles:
    """Reads what the front-end build left in `folder`; the pages still work without it, bare."""

    def __init__(self, folder: Path = STATIC, prefix: str = "/static/") -> None:
        self.folder = folder
        self.prefix = prefix
        self._drawn: dict[str, Markup] = {}

    @cached_property
    def manifest(self) -> Mapping[str, str]:
        return self._read("manifest.json")

    @cached_property
    def icons(self) -> Mapping[str, str]:
        return self._read("icons.json")

    def address(self, name: str) -> str:
        """The address of a file; it changes with the file's content and may be cached for ever."""
        return self.prefix + self.manifest.get(name, name)

    def form(self, name: str, accepted: Container[str]) -> tuple[str, str | None]:
        """The stored file to send for `name` and its Content-Encoding: the smallest one accepted."""
        for encoding, ending in (("br", ".br"), ("gzip", ".gz")):
            if encoding in accepted and (self.folder / f"{name}{ending}").is_file():
                return f"{name}{ending}", encoding
        return name, None

    def icon(self, name: str) -> Markup:
        """An inline drawing; it says nothing to screen readers, the word beside it does."""
        return self._drawn.get(name) or self._drawn.setdefault(name, self._draw(name))

    def _draw(self, name: str) -> Markup:
        drawing = Markup(self.icons.get(name, ""))  # noqa: S704  # made by our own build
        return Markup('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>').format(drawing)

    def _read(self, name: str) -> Mapping[str, str]:
        path = self.folder / name
        return dict(json.loads(path.read_bytes())) if path.is_file() else {}
