"""One built index on disk: a folder that tantivy writes and any number of processes read."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import tantivy

from opendata.engines.search.embedded import schema as fields
from opendata.engines.search.embedded.queries import QueryBuilder, conjunction, count_of
from opendata.engines.search.protocol import IndexDocument

_BATCH = 5_000
_WRITER_BYTES = 64_000_000
_BUILDER_BYTES = 128_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A consistent view; it stays readable when later commits or swaps happen."""

    searcher: tantivy.Searcher
    queries: QueryBuilder
    generation: str
    documents: int
    has_deletes: bool
    fields: frozenset[str]

    def sequences_of(self, idents: Sequence[str]) -> dict[str, int]:
        """Sequence by id, tombstones included, of those that are held."""
        hits = self._by_text("id", self.queries.ids(idents), len(idents) * 2)
        return self._with_sequences(hits)

    def tombstones(self) -> dict[str, int]:
        count = count_of(self.searcher.search(self.queries.tombstones(), limit=1))
        return self._with_sequences(self._by_text("id", self.queries.tombstones(), count))

    def live_sequences(self, ids: Collection[str] | None = None) -> dict[str, tuple[int, str]]:
        """{id: (sequence, visibility)} of live documents, all or those asked for."""
        wanted = self.queries.datasets()
        if ids is not None:
            wanted = conjunction([wanted, self.queries.ids(ids)])
        visibility = {
            (address.segment_ord, address.doc): token
            for token, address in self._by_text("visibility", wanted, self.documents)
        }
        hits = self._by_text("id", wanted, self.documents)
        sequences = self.searcher.fast_field_values("sequence", [address for _, address in hits])
        return {
            ident: (int(sequence or 0), visibility[address.segment_ord, address.doc])
            for (ident, address), sequence in zip(hits, sequences, strict=True)
        }

    def _by_text(
        self, name: str, query: tantivy.Query, limit: int
    ) -> Sequence[tuple[str, tantivy.DocAddress]]:
        if limit < 1:
            return []
        found = self.searcher.search(
            query, limit=limit, count=False, order_by_field=name, order=tantivy.Order.Asc
        )
        return found.hits

    def _with_sequences(self, hits: Sequence[tuple[str, tantivy.DocAddress]]) -> dict[str, int]:
        values = self.searcher.fast_field_values("sequence", [address for _, address in hits])
        return {ident: int(value or 0) for (ident, _), value in zip(hits, values, strict=True)}


class Generation:
    """An index that an older release built is read and written by the fields that it has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._note = folder / "schema"
        if (folder / "meta.json").exists():
            self._index = tantivy.Index.open(str(folder))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._note.write_text(fields.schema_hash())
            self._index = tantivy.Index(
                fields.build(), str(folder), sort_by_field="order_newest", sort_order=tantivy.Order.Asc
            )
        self._index.config_reader("manual")
        self._fields = frozenset(field["name"] for field in self._meta()["schema"])

    @property
    def schema(self) -> str:
        """Hash of the schema it was built with."""
        return self._note.read_text() if self._note.exists() else ""

    def snapshot(self) -> Snapshot:
        """What the last commit of any process left, or a later one under its name, which the next snapshot
        sets right: what is older is never kept under a newer name."""
        meta = self._meta()
        self._index.reload()
        searcher = self._index.searcher()
        queries = QueryBuilder(self._index.schema, self._fields)
        return Snapshot(
            searcher=searcher,
            queries=queries,
            generation=f"{self.folder.name}.{meta['opstamp']}",
            documents=count_of(searcher.search(queries.datasets(), limit=1)),
            has_deletes=any(segment["deletes"] for segment in meta["segments"]),
            fields=self._fields,
        )

    def _meta(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads((self.folder / "meta.json").read_bytes())
        return found

    def apply(self, upserts: Iterable[IndexDocument], deletes: Iterable[tuple[str, int]]) -> int:
        """Write what is not older than what is held, in one commit. The caller holds the write lock.
        Returns the number of changes."""
        snapshot = self.snapshot()
        writer = self._index.writer(_WRITER_BYTES, 1)
        written: dict[str, int] = {}
        try:
            for batch in _batches(upserts):
                self._upsert(writer, snapshot, batch, written)
            for removed in _batches(deletes):
                self._delete(writer, snapshot, removed, written)
            if written:
                writer.commit()
        finally:
            writer.wait_merging_threads()
        return len(written)

    def fill(self, documents: Iterable[IndexDocument], tombstones: Mapping[str, int]) -> None:
        """Write into an empty index. A tombstone that is newer than a document stays in its place."""
        writer = self._index.writer(_BUILDER_BYTES, 1)
        seen: dict[str, int] = {}
        try:
            for document in documents:
                known = seen.get(document.id, tombstones.get(document.id, -1))
                if document.sequence < known:
                    continue
                if document.id in seen:
                    writer.delete_documents_by_term("id", document.id)
                seen[document.id] = document.sequence
                writer.add_document(fields.document(document, self._fields))
            for ident, sequence in tombstones.items():
                if ident not in seen:
                    writer.add_document(fields.tombstone(ident, sequence))
            writer.commit()
        finally:
            writer.wait_merging_threads()

    def _upsert(
        self,
        writer: tantivy.IndexWriter,
        snapshot: Snapshot,
        batch: Sequence[IndexDocument],
        written: dict[str, int],
    ) -> None:
        known = {**snapshot.sequences_of([document.id for document in batch]), **written}
        for document in batch:
            if document.sequence >= known.get(document.id, -1):
                if document.id in known:
                    writer.delete_documents_by_term("id", document.id)
                writer.add_document(fields.document(document, self._fields))
                known[document.id] = written[document.id] = document.sequence

    def _delete(
        self,
        writer: tantivy.IndexWriter,
        snapshot: Snapshot,
        batch: Sequence[tuple[str, int]],
        written: dict[str, int],
    ) -> None:
        known = {**snapshot.sequences_of([ident for ident, _ in batch]), **written}
        for ident, sequence in batch:
            if sequence >= known.get(ident, -1):
                writer.delete_documents_by_term("id", ident)
                writer.add_document(fields.tombstone(ident, sequence))
                known[ident] = written[ident] = sequence


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    source = iter(items)
    while batch := list(islice(source, _BATCH)):
        yield batch
