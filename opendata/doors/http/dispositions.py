"""The one writer of Content-Disposition (RFC 6266, names by RFC 8187)."""

import re
import unicodedata
from typing import Literal
from urllib.parse import quote

from opendata.base.kit.vietnamese import fold

_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"
_ENDING = re.compile(r"(.*?)(\.[A-Za-z0-9]{1,20})?", re.DOTALL)
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ._+=,@()\[\]-]+")


def content_disposition(kind: Literal["attachment", "inline"], name: str) -> str:
    """`kind; filename="ascii"`, and the true name in `filename*` where that differs.

    The fallback keeps the extension: systems choose by it what opens the file.
    """
    name = unicodedata.normalize("NFC", "".join(sign for sign in name if sign.isprintable())).strip()
    fallback = _ascii(name)
    header = f'{kind}; filename="{fallback}"'
    if fallback != name:
        header += f"; filename*=UTF-8''{quote(name, safe=_ATTRIBUTE_CHARACTERS)}" if name else ""
    return header


def _ascii(name: str) -> str:
    stem, suffix = _ENDING.fullmatch(name).groups()  # type: ignore[union-attr]  # matches every text
    return (_plain(stem) or "download") + (suffix or "")


def _plain(text: str) -> str:
    """Without marks, quotes, percent signs and path separators: what every reader takes as it stands."""
    letters = "".join(sign if sign.isascii() else _letter(sign) for sign in text)
    return _NOT_PLAIN.sub("_", letters).strip(" _") if _NOT_PLAIN.search(letters) else letters.strip()


def _letter(sign: str) -> str:
    folded = fold(sign)
    return folded.upper() if sign.isupper() else folded
