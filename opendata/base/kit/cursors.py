"""Opaque paging cursors: where the next page begins."""

import base64
import binascii
from typing import Any

import orjson

from opendata.base.kit import strict_json
from opendata.base.kit.errors import N_, Invalid
from opendata.base.kit.strict_json import NotJson


def encode(key: tuple[Any, ...]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).rstrip(b"=").decode()


def decode(text: str) -> tuple[Any, ...]:
    """The key of a cursor this product made. Raises `Invalid` naming the parameter `cursor`."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        key = strict_json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error, NotJson) as error:
        raise refused() from error
    if not isinstance(key, list) or len(key) > 8:
        raise refused()
    return tuple(key)


def refused() -> Invalid:
    """For a cursor that this product did not make, or made for another question."""
    return Invalid(fields={"cursor": N_("Con trỏ trang không đúng.")})
