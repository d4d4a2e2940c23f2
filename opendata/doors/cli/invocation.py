"""How the command line was called. Light enough for `--help`: nothing of the product is loaded here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opendata.base.i18n import LANGUAGES, translations


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options before the noun. `settings` overrides single settings (tests, `serve --port`)."""

    config: str | None = None
    language: str = "vi"
    debug: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    def say(self, message: str, **params: Any) -> str:
        """The message id in the language of the call."""
        return translate(self.language, message, **params)


def translate(language: str, message: str, **params: Any) -> str:
    text = translations(language).gettext(message) if message else ""
    return text % params if params else text


def choose_language(wanted: str | None) -> str:
    """`vi` or `en` from `OPENDATA_LANG` or a locale name such as `en_US.UTF-8`; Vietnamese in doubt."""
    prefix = (wanted or "")[:2].lower()
    return prefix if prefix in LANGUAGES else "vi"
