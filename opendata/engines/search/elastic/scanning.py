"""What an index holds, all of it at one moment. From columns: to read the stored rows as well would take many
times as long."""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from elasticsearch import Elasticsearch

from opendata.engines.search.elastic.schema import delete_lines

_SIZE = 10_000
_KEPT = "2m"


def sequences(
    client: Elasticsearch, index: str, ids: Collection[str] | None
) -> Iterator[tuple[str, tuple[int, str]]]:
    """(id, (sequence, visibility)) of all datasets, or of these."""
    datasets = {"term": {"kind": "dataset"}}
    for query in [datasets] if ids is None else _of_these(ids, datasets):
        for held in _scan(client, index, query, "visibility"):
            yield held["id"][0], (held["_version"][0], held["visibility"][0])


def tombstones(client: Elasticsearch, index: str) -> Iterator[bytes]:
    """As they are written to another index."""
    for held in _scan(client, index, {"term": {"kind": "tombstone"}}):
        yield delete_lines(held["id"][0], held["_version"][0])


def _of_these(ids: Collection[str], query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    left = iter(sorted(ids))
    while some := list(islice(left, _SIZE)):
        yield {"bool": {"filter": [query, {"ids": {"values": some}}]}}


def _scan(
    client: Elasticsearch, index: str, query: dict[str, Any], *further: str
) -> Iterator[Mapping[str, Any]]:
    """Id, sequence and `further` fields of all documents that match."""
    moment = client.open_point_in_time(index=index, keep_alive=_KEPT)["id"]
    after: list[Any] | None = None
    try:
        while True:
            page = client.search(
                pit={"id": moment, "keep_alive": _KEPT},
                query=query,
                sort=[{"_shard_doc": "asc"}],
                size=_SIZE,
                stored_fields="_none_",
                docvalue_fields=[{"field": name} for name in ("id", "_version", *further)],
                track_total_hits=False,
                search_after=after,
            )
            moment = page["pit_id"]
            hits = page["hits"]["hits"]
            yield from (hit["fields"] for hit in hits)
            if len(hits) < _SIZE:
                return
            after = hits[-1]["sort"]
    finally:
        client.close_point_in_time(id=moment)
