"""The folder of an embedded index: which generation is live, who may write, what a rebuild missed.

    LIVE                 name of the live generation, replaced in one step
    g-…/                 generations; only the live one matters
    write.lock           held by the one process that writes, while it writes
    rebuild.lock         held by the one process that rebuilds
    rebuild.journal      writes made during a rebuild, to be applied to its result

The kernel lets go of both locks when their process dies, at whatever moment.
"""

import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock, Timeout

from opendata.base.kit.errors import Conflict, Unavailable
from opendata.engines.search.embedded.generation import Generation
from opendata.engines.search.protocol import Expects, IndexDocument, IndexLost, nothing


class Store:
    def __init__(self, root: Path, *, wait: float, expects: Expects = nothing) -> None:
        """`wait`: seconds a write waits for the writer before it."""
        self.root = root
        self._wait = wait
        self._expects = expects
        self.pointer = root / "LIVE"
        self._journal = root / "rebuild.journal"
        root.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The write lock. Raises `Unavailable` when it is not free in time."""
        try:
            with FileLock(self.root / "write.lock", timeout=self._wait):
                yield
        except Timeout as error:
            raise Unavailable from error

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """The right to rebuild. Raises `Conflict` while another process has it."""
        try:
            with FileLock(self.root / "rebuild.lock", timeout=0):
                yield
        except Timeout as error:
            raise Conflict from error

    def live_name(self) -> str | None:
        try:
            return self.pointer.read_text().strip()
        except FileNotFoundError:
            return None

    def open_live(self) -> Generation:
        """The live generation; an empty one is made in a new folder. Raises `IndexLost`."""
        name = self.live_folder()
        if name is None:
            with self.writing():
                name = self.live_folder() or self._begin()
        return Generation(self.root / name)

    def beside(self) -> Generation:
        """An empty generation beside the live one. What crashed rebuilds left is removed first."""
        live = self.live_name()
        for folder in self.root.glob("g-*"):
            if folder.name != live:
                shutil.rmtree(folder, ignore_errors=True)
        return Generation(self.root / f"g-{uuid.uuid4().hex[:12]}")

    def swap(self, generation: Generation) -> None:
        """Make it live in one step that survives a crash, and remove the one before. Readers keep
        what they have open."""
        before = self.live_name()
        fresh = self.root / "LIVE.new"
        with fresh.open("w") as file:
            file.write(generation.folder.name)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.pointer)
        _sync_folder(self.root)
        if before and before != generation.folder.name:
            shutil.rmtree(self.root / before, ignore_errors=True)

    def start_journal(self) -> None:
        self._journal.write_bytes(b"")

    def record(self, upserts: Sequence[IndexDocument], deletes: Sequence[tuple[str, int]]) -> None:
        """Keep writes for a running rebuild; without one nothing is kept. Under the write lock."""
        if not self._journal.exists():
            return
        try:
            with FileLock(self.root / "rebuild.lock", timeout=0):
                self._journal.unlink(missing_ok=True)  # its rebuild died
        except Timeout:
            with self._journal.open("ab") as file:
                for document in upserts:
                    file.write(
                        orjson.dumps(["upsert", asdict(document)], option=orjson.OPT_NON_STR_KEYS) + b"\n"
                    )
                for ident, sequence in deletes:
                    file.write(orjson.dumps(["delete", [ident, sequence]]) + b"\n")

    def recorded(self) -> Iterator[tuple[list[IndexDocument], list[tuple[str, int]]]]:
        """Writes in the order they were made. A line cut by a crash ends the list: its write did not
        return."""
        with self._journal.open("rb") as file:
            for line in file:
                try:
                    kind, body = orjson.loads(line)
                except orjson.JSONDecodeError:
                    return
                yield ([_document(body)], []) if kind == "upsert" else ([], [(body[0], body[1])])

    def end_journal(self) -> None:
        self._journal.unlink(missing_ok=True)

    def live_folder(self) -> str | None:
        """The name of the live generation, where that is there. Looked for again under another name: a swap
        changes the name before it removes the folder."""
        name = self.live_name()
        while name and not (self.root / name / "meta.json").exists():
            before, name = name, self.live_name()
            if name == before:
                return None
        return name

    def _begin(self) -> str:
        """Under the write lock, so that none is made and filled by another meanwhile."""
        if self._expects():
            raise IndexLost
        generation = self.beside()
        self.swap(generation)
        return generation.folder.name


def grouped(
    writes: Iterable[tuple[list[IndexDocument], list[tuple[str, int]]]],
) -> tuple[list[IndexDocument], list[tuple[str, int]]]:
    """One list of each kind. Sequences decide, so the order between the kinds does not matter."""
    upserts: list[IndexDocument] = []
    deletes: list[tuple[str, int]] = []
    for documents, removed in writes:
        upserts += documents
        deletes += removed
    return upserts, deletes


def _document(body: dict[str, Any]) -> IndexDocument:
    period = body.pop("period")
    return IndexDocument(**body, period=(period[0], period[1]) if period else None)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
