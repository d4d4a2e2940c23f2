"""Carries an embedded installation over to another: rows, then files, then an index made anew."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, cast

import structlog
from sqlalchemy import Engine

from opendata.base.kit.errors import N_, Unavailable
from opendata.base.runtime import Platform, outbox
from opendata.base.runtime.carrying import carry_rows
from opendata.engines.files import FileStore
from opendata.services.catalog import indexing
from opendata.services.catalog.register import Register

log = structlog.get_logger(__name__)
Progress = Callable[[str, int, int], None]
"""(what is being done, how much is done, how much there is or 0)."""


class FileChanged(Unavailable):
    code = "file_changed"
    message = N_("Tệp %(sha256)s trong kho cũ không còn đúng nội dung; hãy khôi phục từ bản sao lưu.")


@dataclass(frozen=True, slots=True)
class Carried:
    rows: int
    files: int
    datasets: int


def carry(
    source: Engine, files: FileStore, target: Platform, progress: Progress = lambda *_: None
) -> Carried:
    """Everything of `source` and `files` into an empty `target`. Raises `TargetNotEmpty`, `FileChanged`.

    Files go first: an attempt that fails leaves no row behind, and can simply be made again.
    """
    copied = _carry_files(files, target.part(FileStore), progress)
    rows = carry_rows(source, target.engine, lambda table, done: progress(table, done, 0))
    target.part(Register).forget()
    datasets = indexing.rebuild(target, lambda done, total: progress("index", done, total))
    outbox.drain(target)
    log.info("instance.carried", rows=rows, files=copied, datasets=datasets)
    return Carried(rows, copied, datasets)


def _carry_files(old: FileStore, new: FileStore, progress: Progress) -> int:
    addresses = [address for address, _ in old.addresses()]
    for done, address in enumerate(addresses, start=1):
        stored = new.put(cast("BinaryIO", _Stream(old, address)))
        if stored.sha256 != address:
            new.remove(stored.sha256)
            raise FileChanged(sha256=address)
        progress("files", done, len(addresses))
    return len(addresses)


class _Stream:
    """A stored file as something to read from."""

    def __init__(self, store: FileStore, address: str) -> None:
        self._chunks = store.open(address)
        self._rest = b""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size and (chunk := next(self._chunks, b"")):
            self._rest += chunk
        given, self._rest = self._rest[:size], self._rest[size:]
        return given
