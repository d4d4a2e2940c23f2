"""Digests of values that must compare equal across processes."""

import hashlib
from typing import Any

import orjson


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> bytes:
    """JSON bytes with sorted keys: equal values give equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest(value: Any) -> str:
    """SHA-256 in hex of the canonical JSON form."""
    return sha256(canonical(value))
