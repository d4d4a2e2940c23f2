"""What is common to every JSON Web Token we read: nothing in it is believed before it is checked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode

from opendata.base.kit import strict_json
from opendata.base.kit.strict_json import NotJson

LONGEST = 4096
"""Characters of a token that is decoded at all."""
SKEW = 60
"""Seconds by which clocks may differ, either way."""
LATEST = 1 << 40


class Unreadable(ValueError):
    """Not a token that could be good."""


def header(text: str, allowed: frozenset[str]) -> Mapping[str, Any]:
    """The protected header, which may hold `allowed` parameters and no other: no key, no address of one.
    Raises `Unreadable`."""
    if len(text) > LONGEST or text.count(".") != 2:
        raise Unreadable
    try:
        found = read_part(text.partition(".")[0])
    except (NotJson, ValueError) as error:
        raise Unreadable from error
    if not isinstance(found, dict) or not set(found) <= allowed:
        raise Unreadable
    return found


def read_part(text: str) -> Any:
    """What a part of a token holds, if every reader finds the same in it: two that differ would check one
    thing and believe another. Raises `NotJson`, `ValueError`."""
    return strict_json.loads(urlsafe_b64decode(text.encode("ascii")))


def claims(text: str, key: Any, algorithms: tuple[str, ...]) -> dict[str, Any]:
    """The payload, once its signature is good. Raises `Unreadable`."""
    try:
        opened = jws.deserialize_compact(text, key, algorithms=list(algorithms))
        found = strict_json.loads(opened.payload)
    except (JoseError, NotJson, ValueError, TypeError, KeyError) as error:
        raise Unreadable from error
    if not isinstance(found, dict):
        raise Unreadable
    return found


def unverified_subject(text: str) -> str:
    """Who a token says it is of, to find the key that tells whether it is. Raises `Unreadable`."""
    try:
        found = read_part(text.split(".")[1])
    except (NotJson, ValueError, IndexError) as error:
        raise Unreadable from error
    return text_of(found if isinstance(found, dict) else {}, "sub")


def text_of(values: Mapping[str, Any], name: str, *, longest: int = 200) -> str:
    """A claim that has to be a text without control signs. Raises `Unreadable`."""
    value = values.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise Unreadable(name)
    return value


def require_time(values: Mapping[str, Any], now: datetime) -> float:
    """`exp`, which must be there and ahead; `nbf` and `iat` are not, save for a minute either way.
    Raises `Unreadable`."""
    instant = now.timestamp()
    end = _instant(values, "exp")
    if end is None or end + SKEW <= instant:
        raise Unreadable("exp")
    for name in ("iat", "nbf"):
        begin = _instant(values, name)
        if begin is not None and begin - SKEW > instant:
            raise Unreadable(name)
    return end


def require_audience(values: Mapping[str, Any], known: frozenset[str]) -> None:
    """Raises `Unreadable` unless one of `known` is meant."""
    value = values.get("aud")
    named = value if isinstance(value, list) else [value]
    if not any(isinstance(name, str) and name in known for name in named):
        raise Unreadable("aud")


def _instant(values: Mapping[str, Any], name: str) -> float | None:
    value = values.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < LATEST:
        raise Unreadable(name)
    return float(value)
