"""A readable difference between two JSON descriptions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def difference(before: Any, after: Any, path: str = "") -> list[dict[str, Any]]:
    """[{path, before, after}] in path order; lists of objects are compared item by item."""
    return sorted(_walk(before, after, path), key=lambda change: change["path"])


def _walk(before: Any, after: Any, path: str) -> Iterator[dict[str, Any]]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {*before, *after}:
            yield from _walk(before.get(key), after.get(key), f"{path}.{key}".lstrip("."))
    elif _objects(before, after):
        for index in range(max(len(before), len(after))):
            yield from _walk(_item(before, index), _item(after, index), f"{path}.{index}")
    else:
        yield {"path": path, "before": before, "after": after}


def _objects(*lists: Any) -> bool:
    """Lists of objects, of which one may be empty."""
    return all(isinstance(value, list | tuple) for value in lists) and any(
        isinstance(item, Mapping) for value in lists for item in value
    )


def _item(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else None
