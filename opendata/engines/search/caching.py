"""Answers kept by what they answer."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class _Key:
    """A long key, hashed once."""

    __slots__ = ("_hash", "_value")

    def __init__(self, value: Hashable) -> None:
        self._value = value
        self._hash = hash(value)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._value == other._value


class Cache(Generic[T]):
    """The most recently used answers. Keys hold the generation, so nothing stale is found."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[_Key, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, about: Hashable, compute: Callable[[], T]) -> T:
        key = _Key(about)
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        value = compute()
        with self._lock:
            self._held[key] = value
            if len(self._held) > self._size:
                self._held.popitem(last=False)
        return value

    def clear(self) -> None:
        with self._lock:
            self._held.clear()
