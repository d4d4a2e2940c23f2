"""Harvest the exchange folder of a department: files, with or without a description beside them.

A sub-folder with data files is one dataset; a data file that lies in the root by itself is one too. The
description is a sidecar, `metadata.yaml` or `metadata.xlsx`; what has none becomes a draft.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opendata.plugin import (
    Access,
    Ctx,
    Cursor,
    DatasetRecord,
    End,
    Features,
    Mark,
    Raw,
    Rec,
    Schema,
    Source,
    Unread,
    fields,
    validate,
)
from opendata_harvest_folder.describing import describe
from opendata_harvest_folder.grouping import Group, grouped
from opendata_harvest_folder.sidecars import read_sidecar


class FolderConfig(Schema):
    """The form of a folder source."""

    marker = fields.String(
        load_default="",
        validate=validate.Regexp(r"\A[^/\\]{0,100}\Z"),
        metadata={
            "label": {"vi": "Tệp đánh dấu", "en": "Marker file"},
            "help": {
                "vi": "Tên một tệp luôn nằm ở gốc thư mục; thiếu tệp này nghĩa là ổ đĩa chưa được gắn.",
                "en": "A file that always lies at the root; without it the disk is not mounted.",
            },
        },
    )
    settle_seconds = fields.Integer(
        load_default=60,
        validate=validate.Range(0, 86_400),
        metadata={
            "label": {"vi": "Thời gian chờ (giây)", "en": "Settling time (seconds)"},
            "help": {
                "vi": "Tệp vừa thay đổi trong khoảng này được coi là đang ghi dở và chờ lượt sau.",
                "en": "A file that changed within this time may still be written and waits for the next run.",
            },
        },
    )


class Folder:
    """A department's folder, below a root that the operator's settings allow."""

    type = "folder"
    config = FolderConfig
    needs = frozenset({"folder"})
    features = Features(gives_total=True)

    def records(self, src: Source, io: Access, cursor: Cursor | None) -> Iterator[Rec | Mark | Unread | End]:  # noqa: ARG002  # a walk is short: it begins anew
        marker = str(src.config.get("marker") or "")
        if marker and not io.folder.has(marker):
            yield Unread(marker, "the marker file is not there")
        groups, unread = grouped(io.folder.walk(), without={marker} if marker else set())
        yield from unread
        for group in groups:
            if _being_written(group, io):
                yield Unread(group.guid, "a file is still being written")
            else:
                yield _rec(group, io)
        yield End(expected=len(groups))

    def dataset(self, raw: Raw, ctx: Ctx) -> DatasetRecord:
        return describe(raw, ctx)


def _being_written(group: Group, io: Access) -> bool:
    """Changed just now, and no `.done` beside it says that it is whole."""
    fresh = [file.path for file in group.everything if not file.settled]
    if not fresh or io.folder.has(f"{group.folder}/.done".removeprefix("/")):
        return False
    return not all(io.folder.has(f"{path}.done") for path in fresh)


def _rec(group: Group, io: Access) -> Rec:
    looks = "\n".join(f"{file.path}\t{file.size}\t{file.modified}" for file in group.everything)
    return Rec(
        guid=group.guid,
        fetch=lambda: _raw(group, io),
        modified=hashlib.sha256(looks.encode()).hexdigest(),
        size=sum(file.size for file in group.everything),
    )


def _raw(group: Group, io: Access) -> Mapping[str, Any]:
    """Raises RecordError when the sidecar cannot be read, SourceError when it is gone meanwhile."""
    sidecar = read_sidecar(group, io) if group.sidecar else None
    files: Sequence[Mapping[str, Any]] = [
        {"path": file.path, "size": file.size, "modified": file.modified} for file in group.files
    ]
    return {"folder": group.folder, "files": files, "sidecar": sidecar}


__all__ = ["Folder", "FolderConfig"]
