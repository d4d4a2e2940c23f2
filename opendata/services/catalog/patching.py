"""Changes of a description as clients send them, applied to a record without a database.

What was measured on a stored file (size, digest, rows …) is never taken from a client: a resource named
by its id keeps what is known of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from opendata.base.formats.record import DatasetRecord, ResourceRecord
from opendata.base.kit.errors import N_, Invalid
from opendata.services.catalog import entry

MEASURED = ("sha256", "byte_size", "encoding", "rows", "compress", "file_name")
OF_FILES = ("format", "media_type", "download_url")
"""Measured where there is a stored file; a claim of the publisher's for links."""


def new(values: Mapping[str, Any]) -> DatasetRecord:
    """A record from nothing. Raises `Invalid`."""
    return _record(values, known=())


def replaced(known: DatasetRecord, values: Mapping[str, Any]) -> DatasetRecord:
    """`values` in place of the whole description. Raises `Invalid`."""
    return _record({"slug": known.slug, **values}, known=known.resources)


def patched(known: DatasetRecord, patch: Mapping[str, Any]) -> DatasetRecord:
    """`known` with a JSON merge patch applied (RFC 7396): null takes a value away. Raises `Invalid`."""
    merged = _merged(entry.to_json(known), patch)
    return _record(merged, known=known.resources)


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), value)
    return result


def _record(values: Mapping[str, Any], known: Sequence[ResourceRecord]) -> DatasetRecord:
    by_id = {resource.id: entry.resource_to_json(resource) for resource in known}
    claimed = values.get("resources", ())
    resources = [_as_measured(item, place, by_id) for place, item in enumerate(claimed)]
    return entry.from_json({**values, "resources": resources})


def _as_measured(item: Mapping[str, Any], place: int, known: Mapping[str | None, Any]) -> dict[str, Any]:
    claimed = {name: value for name, value in item.items() if name not in MEASURED}
    if item.get("id") is None:
        return claimed
    before = known.get(item["id"])
    if before is None:
        raise Invalid(fields={f"resources.{place}.id": N_("Bộ dữ liệu không có tệp này.")})
    names = (*MEASURED, *OF_FILES) if before["sha256"] else MEASURED
    return {**claimed, **{name: before[name] for name in names}}
