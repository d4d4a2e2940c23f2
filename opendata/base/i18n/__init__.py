"""Messages in Vietnamese (the message ids themselves) and English (`en.po`)."""

from opendata.base.i18n.catalogue import LANGUAGES, pick, translations

__all__ = ["LANGUAGES", "pick", "translations"]
