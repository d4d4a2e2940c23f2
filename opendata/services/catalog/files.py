"""Taking files in: stored under their digest, typed by their bytes, shown under a harmless name."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from opendata.base.formats.record import Column, ResourceRecord
from opendata.base.kit.vietnamese import clean
from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.runtime import Platform
from opendata.engines.files import FileStore
from opendata.services.catalog import file_contents, file_types

MAX_NAME = 180
"""Bytes of a display name in UTF-8, so that every file system can save it."""


@dataclass(frozen=True, slots=True)
class Intake:
    """A stored file and what was found in it. `problems` are (code, remark), none of which loses a byte."""

    sha256: str
    byte_size: int
    file_name: str
    format: str
    document: bool = False
    """A format for reading, not for machines."""
    media_type: str | None = None
    compress: str | None = None
    encoding: str | None = None
    rows: int | None = None
    columns: tuple[str, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()

    def describe(self, record: ResourceRecord) -> ResourceRecord:
        """The resource as its publisher described it, with what we measured in place of claims."""
        return replace(
            record,
            kind="document" if self.document else record.kind,
            sha256=self.sha256,
            byte_size=self.byte_size,
            file_name=self.file_name,
            format=self.format,
            media_type=self.media_type,
            compress=self.compress,
            encoding=self.encoding,
            rows=self.rows if self.rows is not None else record.rows,
            columns=record.columns or tuple(Column(name=name) for name in self.columns if name),
            access_url=None,
            download_url=None,
        )


def intake(platform: Platform, source: BinaryIO, *, name: str, limit: int | None = None) -> Intake:
    """Store the stream and look into it. Outside any transaction: a file may take minutes.

    `limit` is in bytes; without it the setting `max_upload_mb` holds. Raises `TooLarge`, `StorageFull`.
    """
    files = platform.part(FileStore)
    bound = platform.settings.max_upload_mb << 20 if limit is None else limit
    stored = files.put(source, limit=bound)
    shown = display_name(name)
    with readable(files, stored.sha256) as path:
        kind = file_types.detect(path, shown)
        contents = file_contents.look(path, kind)
    problems = contents.problems + _differs(platform, shown, contents.format)
    about = platform.part(Vocabularies).terms("formats")[contents.format].data
    return Intake(
        sha256=stored.sha256,
        byte_size=stored.size,
        file_name=shown,
        format=contents.format,
        document=bool(about.get("document")),
        media_type=about.get("media_type"),
        compress=kind.compress,
        encoding=contents.encoding,
        rows=contents.rows,
        columns=contents.columns,
        problems=problems,
    )


def display_name(name: str) -> str:
    """A file name without a path, control characters or leading dots, short enough to be saved anywhere."""
    base = clean(name).replace("\\", "/").rsplit("/", 1)[-1].strip(" .")
    base = "".join("-" if sign in '<>:"|?*' else sign for sign in base) or "tep"
    suffix = PurePosixPath(base).suffix
    suffix = suffix if len(suffix.encode()) <= 20 else ""
    stem = base.removesuffix(suffix).encode()[: MAX_NAME - len(suffix.encode())].decode(errors="ignore")
    return stem + suffix


def _differs(platform: Platform, name: str, code: str) -> tuple[tuple[str, str], ...]:
    """The name promises another type than the bytes hold."""
    promised = platform.part(Vocabularies).resolve("formats", "." + file_types.ending(name))
    related = {promised, code} <= {"JSON", "GEOJSON", "NDJSON", "JSON_LD"} or code == "GTFS"
    return (("type_differs", code),) if promised not in {None, code} and not related else ()


@contextmanager
def readable(files: FileStore, sha256: str) -> Iterator[Path]:
    """The stored file on a path of this host, copied there where the store is elsewhere."""
    path = files.local_path(sha256)
    if path is not None:
        yield path
        return
    descriptor, name = tempfile.mkstemp()
    try:
        with os.fdopen(descriptor, "wb") as copy:
            copy.writelines(files.open(sha256))
        yield Path(name)
    finally:
        Path(name).unlink()
