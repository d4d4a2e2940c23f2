"""From files and their sidecar to a dataset record. Pure."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields as fields_of
from typing import Any

import msgspec

from opendata.plugin import Ctx, DatasetRecord, RecordError, ResourceRecord
from opendata_harvest_folder.sheet_names import sheet_fields

TEXTS = {"title", "description", "access_reason", "version_note", "provenance"}
DATES = {"last_update", "issued", "modified", "data_until"}
KNOWN = {field.name for field in fields_of(DatasetRecord)}
RESOURCE_FIELDS = {field.name for field in fields_of(ResourceRecord)} - {"id", "sha256", "file_name"}


def describe(raw: Mapping[str, Any], ctx: Ctx) -> DatasetRecord:
    """The record of one group of files. Raises RecordError naming the field that does not fit."""
    sidecar = _fields(raw, ctx)
    files = raw["files"]
    listed = sidecar.pop("resources", None)
    resources = _listed(listed, files, ctx) if listed else [_undescribed(file, ctx) for file in files]
    if not sidecar.get("title"):
        sidecar["title"] = {"vi": _title(raw["folder"], files)}
    known = {name: value for name, value in sidecar.items() if name in KNOWN}
    for name in sorted(set(sidecar) - set(known)):
        ctx.warn(f"$.{name}", "unknown_field", sidecar[name])
    typed = _typed(_languages(known), DatasetRecord, ctx)
    given = {name: getattr(typed, name) for name in known}
    return ctx.dataset(**{**given, **_coded(typed, ctx), "resources": resources})


def _fields(raw: Mapping[str, Any], ctx: Ctx) -> dict[str, Any]:
    sidecar = raw["sidecar"] or {}
    if "rows" in sidecar:
        return sheet_fields(sidecar["rows"], ctx)
    return dict(sidecar.get("fields", {}))


def _listed(listed: Any, files: Sequence[Mapping[str, Any]], ctx: Ctx) -> list[ResourceRecord]:
    """The resources the sidecar names, in its order; what it does not name stays out and is told."""
    if not isinstance(listed, list):
        raise RecordError(ctx.guid, "$.resources", "not_a_list", listed)
    by_name = _by_name(files)
    resources = [
        resource
        for index, item in enumerate(listed)
        if (resource := _resource(item, f"$.resources[{index}]", by_name, ctx)) is not None
    ]
    taken = {reference.path for reference in ctx.files.references.values()}
    for file in files:
        if file["path"] not in taken:
            ctx.warn("$.resources", "unlisted_file", file["path"])
    return resources


def _resource(
    item: Any, path: str, by_name: Mapping[str, Mapping[str, Any]], ctx: Ctx
) -> ResourceRecord | None:
    if not isinstance(item, Mapping):
        ctx.warn(path, "not_a_resource", item)
        return None
    described = _typed(
        _languages({name: value for name, value in item.items() if name in RESOURCE_FIELDS}),
        ResourceRecord,
        ctx,
        path,
    )
    values = {name: getattr(described, name) for name in RESOURCE_FIELDS & item.keys()}
    named = item.get("file")
    if named is None:
        return ctx.link(values.pop("download_url", None), values.pop("format", None), path=path, **values)
    file = by_name.get(unicodedata.normalize("NFC", str(named)).removeprefix("./"))
    if file is None:
        ctx.warn(f"{path}.file", "missing_file", named)
        return None
    return ctx.files.add(file["path"], size=file["size"], modified=file["modified"], **values)


def _by_name(files: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Files by their path below the folder, and by their bare name."""
    found: dict[str, Mapping[str, Any]] = {}
    for file in files:
        parts = file["path"].split("/")
        for start in range(len(parts)):
            found.setdefault("/".join(parts[start:]), file)
    return found


def _undescribed(file: Mapping[str, Any], ctx: Ctx) -> ResourceRecord:
    title = {"vi": file["path"].rpartition("/")[2]}
    return ctx.files.add(file["path"], size=file["size"], modified=file["modified"], title=title)


def _title(folder: str, files: Sequence[Mapping[str, Any]]) -> str:
    """What the files are called, else the folder that holds differently named ones."""
    stems = {file["path"].rpartition("/")[2].partition(".")[0] for file in files}
    name = stems.pop() if len(stems) == 1 else folder.rpartition("/")[2]
    return name.replace("_", " ").strip() or "Không tên"


def _languages(values: Mapping[str, Any]) -> dict[str, Any]:
    """Texts and keywords without a language are Vietnamese."""
    found = dict(values)
    for name in TEXTS & found.keys():
        if isinstance(found[name], str | int | float):
            found[name] = {"vi": str(found[name])}
    words = found.get("keywords")
    if isinstance(words, str):
        words = [word.strip() for word in words.split(",")]
    if isinstance(words, list):
        words = {"vi": words}
    return {**found, "keywords": words} if words else found


def _typed(values: Mapping[str, Any], kind: Any, ctx: Ctx, path: str = "$") -> Any:
    required = {"title": {"vi": "-"}} if kind is DatasetRecord else {}
    try:
        return msgspec.convert({**required, **values}, kind, strict=False)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at ")
        at = where.strip("`").removeprefix("$").split("[...]")[0]
        raise RecordError(ctx.guid, path + at, "wrong_type", message) from error


def _coded(record: DatasetRecord, ctx: Ctx) -> dict[str, Any]:
    """Codes and dates in the catalogue's own form; what is not known is left out with a remark."""
    found: dict[str, Any] = {
        "license": ctx.license(record.license),
        "frequency": ctx.frequency(record.frequency),
        "themes": _themes(record.themes, ctx),
    }
    for name in DATES:
        found[name] = ctx.date(getattr(record, name), f"$.{name}")
    return found


def _themes(themes: Sequence[str], ctx: Ctx) -> list[str]:
    found = []
    for theme in themes:
        code = ctx.theme(theme)
        if code is None:
            ctx.warn("$.themes", "unknown_theme", theme)
        else:
            found.append(code)
    return found
