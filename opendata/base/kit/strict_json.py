"""The one JSON reader for input from outside: RFC 8259 within I-JSON (RFC 7493).

What two readers could understand differently is refused: repeated keys, NaN and infinities, integers no
store can hold, text that is no valid Unicode, endless nesting. The standard library's scanner is used
because it can tell repeated keys, which the faster parsers silently resolve.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

from opendata.base.kit.errors import N_, Invalid

DEPTH = 64
LIMIT = 8 << 20
_INT_RANGE = range(-(1 << 63), 1 << 63)
_BOM = b"\xef\xbb\xbf"
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_BRACKET = re.compile(rb"[^\[\]{}]+")
_ONE_KIND = bytes.maketrans(b"[]", b"{}")
_SURROGATE = re.compile("[\ud800-\udfff]")


class NotJson(Invalid):
    """The text cannot be accepted as JSON.

    `reason` is of: too_large, encoding, parse, duplicate_key, number_range, too_deep, lone_surrogate.
    `where` names the offending key or position.
    """

    code = "parse_error"
    status = 400
    message = N_("Nội dung JSON không hợp lệ (%(reason)s).")

    def __init__(self, reason: str, where: str = "") -> None:
        self.reason = reason
        self.where = where
        super().__init__(reason=reason)


def loads(
    data: bytes | str, *, limit: int = LIMIT, depth: int = DEPTH, bom: bool = False, clean: bool = False
) -> Any:
    """The value of a JSON text of at most `limit` bytes nested at most `depth` levels.

    `bom` tolerates one byte order mark in front. `clean` drops lone surrogates and keeps integers beyond 64
    bits as text, for sources where one odd value must not cost a whole page. Raises NotJson.
    """
    raw = data if isinstance(data, bytes) else _encoded(data)
    if len(raw) > limit:
        raise NotJson("too_large", f"{len(raw)} > {limit}")
    raw = raw.removeprefix(_BOM) if bom else raw
    value = _scan(_decoded(raw), clean=clean)
    if deeper_than(raw, depth):
        raise NotJson("too_deep", str(depth))
    return _without_surrogates(value, clean=clean) if b"\\ud" in raw.lower() else value


def deeper_than(raw: bytes, depth: int) -> bool:
    """Whether a well-formed JSON text nests deeper than `depth`: each round takes the innermost level off."""
    if raw.count(b"{") + raw.count(b"[") <= depth:
        return False
    brackets = _NOT_BRACKET.sub(b"", _STRING.sub(b"", raw)).translate(_ONE_KIND)
    for _ in range(depth):
        if not brackets:
            return False
        brackets = brackets.replace(b"{}", b"")
    return bool(brackets)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise NotJson("lone_surrogate", str(error.start)) from error


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise NotJson("encoding", str(error.start)) from error


def _scan(text: str, *, clean: bool) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_int_or_text if clean else _int,
        )
    except json.JSONDecodeError as error:
        raise NotJson("parse", f"line {error.lineno} column {error.colno}") from error
    except RecursionError as error:
        raise NotJson("too_deep") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        raise NotJson("duplicate_key", next(name for name in names if names.count(name) > 1)[:100])
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise NotJson("number_range", name)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NotJson("number_range", text[:40])
    return number


def _int(text: str) -> int:
    number = int(text) if len(text) <= 20 else None
    if number is None or number not in _INT_RANGE:
        raise NotJson("number_range", text[:40])
    return number


def _int_or_text(text: str) -> int | str:
    number = int(text) if len(text) <= 20 else None
    return text[:400] if number is None or number not in _INT_RANGE else number


def _without_surrogates(value: Any, *, clean: bool) -> Any:
    return _mapped(value, _drop if clean else _refuse_surrogate)


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    match value:
        case str():
            return change(value)
        case list():
            return [_mapped(item, change) for item in value]
        case dict():
            return _unique([(change(key), _mapped(item, change)) for key, item in value.items()])
        case _:
            return value


def _drop(text: str) -> str:
    return _SURROGATE.sub("", text)


def _refuse_surrogate(text: str) -> str:
    found = _SURROGATE.search(text)
    if found:
        raise NotJson("lone_surrogate", text[:40].encode("ascii", "backslashreplace").decode())
    return text
