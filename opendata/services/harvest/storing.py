"""Bring the files of a record into the store, each only when it looks other than last time."""

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, BinaryIO, cast

from sqlalchemy import select

from opendata.base.formats.record import DatasetRecord
from opendata.base.kit.errors import N_, NotFound, TooLarge
from opendata.base.kit.hashes import sha256
from opendata.base.models import HarvestFile
from opendata.base.runtime.database import insert_into
from opendata.engines.files import FileStore
from opendata.services.catalog import files
from opendata.services.catalog.files import Intake
from opendata.services.harvest.access import Access
from opendata.services.harvest.execution import Execution
from opendata.services.harvest.file_list import FileReference
from opendata.services.harvest.items import RecordError, SourceError
from opendata.services.harvest.problems import Problem


class TooLargeFile(RecordError):
    code = "too_large_file"
    message = N_("Tệp lớn hơn mức cho phép nên bản ghi không được nhận.")


def store(
    run: Execution, io: Access, record: DatasetRecord, references: Mapping[str, FileReference]
) -> tuple[DatasetRecord, list[Problem]]:
    """The record with its files stored and measured. No transaction is open while bytes are read.

    Raises `RecordError` when a file cannot be read or is too large: a dataset is never published with a
    part of its files.
    """
    if not references:
        return record, []
    resources, problems = [], []
    for index, resource in enumerate(record.resources):
        reference = references.get(resource.file_name or "")
        if reference is None:
            resources.append(resource)
            continue
        taken = _taken(run, io, reference, resource.file_name or "")
        resources.append(taken.describe(resource))
        problems += [
            Problem("warning", code, f"resources.{index}", "", remark) for code, remark in taken.problems
        ]
    return replace(record, resources=tuple(resources)), problems


def _taken(run: Execution, io: Access, reference: FileReference, name: str) -> Intake:
    known = _remembered(run, reference)
    if known is not None:
        return replace(known, file_name=name)
    try:
        with contextlib.closing(io.folder.open(reference.path)) as stream:
            taken = files.intake(run.platform, cast("BinaryIO", _OfTheSource(stream, reference)), name=name)
    except TooLarge as error:
        raise TooLargeFile(None, reference.path, TooLargeFile.code, reference.size) from error
    except (SourceError, OSError) as error:
        raise _unreadable(reference, error) from error
    _remember(run, reference, taken)
    return taken


class _OfTheSource:
    """A file as the store reads it: a fault of its medium is the record's trouble and not the store's."""

    def __init__(self, stream: BinaryIO, reference: FileReference) -> None:
        self._stream, self._reference = stream, reference

    def read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except OSError as error:
            raise _unreadable(self._reference, error) from error


def _unreadable(reference: FileReference, error: Exception) -> RecordError:
    return RecordError(None, reference.path, "unreadable_file", str(error))


def _remembered(run: Execution, reference: FileReference) -> Intake | None:
    query = select(HarvestFile).where(
        HarvestFile.source_id == run.source.id,
        HarvestFile.path_hash == _path_hash(reference),
        HarvestFile.size == reference.size,
        HarvestFile.modified == reference.modified,
    )
    with run.read() as work:
        row = work.session.scalars(query).first()
    if row is None:
        return None
    try:
        run.platform.part(FileStore).size(row.sha256)
    except NotFound:
        return None
    return _intake(row.found)


def _remember(run: Execution, reference: FileReference, taken: Intake) -> None:
    row = {
        "source_id": run.source.id,
        "path_hash": _path_hash(reference),
        "size": reference.size,
        "modified": reference.modified,
        "sha256": taken.sha256,
        "found": asdict(taken),
    }
    with run.step() as work:
        statement = insert_into(work.session, HarvestFile)
        latest = {name: statement.excluded[name] for name in ("size", "modified", "sha256", "found")}
        work.session.execute(
            statement.on_conflict_do_update(index_elements=["source_id", "path_hash"], set_=latest), row
        )


def _intake(found: Mapping[str, Any]) -> Intake:
    values = dict(found)
    values["columns"] = tuple(values["columns"])
    values["problems"] = tuple((code, remark) for code, remark in values["problems"])
    return Intake(**values)


def _path_hash(reference: FileReference) -> str:
    return sha256(reference.path.encode())
