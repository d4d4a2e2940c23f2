"""Bulk writes against a cluster that is busy, and the circuit, with time held."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, ConnectionTimeout, HttpHeaders, NodeConfig
from elasticsearch import ApiError

from opendata.base.kit.errors import Unavailable
from opendata.engines.search.elastic.address import Address
from opendata.engines.search.elastic.bulk import (
    MAX_BYTES,
    MAX_ITEMS,
    DocumentsRefused,
    MissingIndex,
    send_all,
)
from opendata.engines.search.elastic.connection import Connection
from opendata.engines.search.elastic.schema import upsert_lines
from opendata.testing.index_documents import dataset

Answer = Callable[[int, str], int]
"""Status of a document in the n-th request, by its id."""


class Cluster:
    """Takes bulk requests as the client would and answers by a rule."""

    def __init__(self, rule: Answer) -> None:
        self.rule = rule
        self.requests: list[list[str]] = []

    def bulk(self, *, operations: list[bytes], **_: Any) -> dict[str, Any]:
        ids = [line.split(b'"_id":"')[1].split(b'"')[0].decode() for line in operations[0].splitlines()[::2]]
        self.requests.append(ids)
        number = len(self.requests)
        return {"items": [self._item(ident, self.rule(number, ident)) for ident in ids]}

    def _item(self, ident: str, status: int) -> dict[str, Any]:
        error = {"type": "index_not_found_exception" if status == 404 else "other", "reason": "x"}
        return {"index": {"_id": ident, "status": status, **({} if status < 300 else {"error": error})}}


def lines(*idents: str) -> list[bytes]:
    return [upsert_lines(dataset(ident, "x")) for ident in idents]


def test_only_what_the_cluster_was_too_busy_for_is_sent_again() -> None:
    cluster = Cluster(lambda number, ident: 429 if number < 3 and ident == "b" else 201)
    pauses: list[float] = []
    send_all(cluster, "x", lines("a", "b", "c"), sleep=pauses.append)  # type: ignore[arg-type]
    assert cluster.requests == [["a", "b", "c"], ["b"], ["b"]]
    assert pauses == sorted(pauses)
    assert len(pauses) == 2


def test_a_cluster_that_stays_busy_is_unavailable() -> None:
    cluster = Cluster(lambda number, ident: 429)
    with pytest.raises(Unavailable):
        send_all(cluster, "x", lines("a"), sleep=lambda _: None)  # type: ignore[arg-type]


def test_a_request_refused_as_a_whole_is_sent_again() -> None:
    cluster = Cluster(lambda number, ident: 201)
    answer, refusals = cluster.bulk, [429, 503]

    def bulk(**asked: Any) -> dict[str, Any]:
        if refusals:
            raise api_error(refusals.pop())
        return answer(**asked)

    cluster.bulk = bulk  # type: ignore[method-assign]
    send_all(cluster, "x", lines("a"), sleep=lambda _: None)  # type: ignore[arg-type]
    assert cluster.requests == [["a"]]


def test_older_writes_are_no_fault_and_refused_ones_are_named_at_the_end() -> None:
    cluster = Cluster(lambda number, ident: {"old": 409, "bad": 400}.get(ident, 200))
    with pytest.raises(DocumentsRefused) as refused:
        send_all(cluster, "x", lines("old", "bad", *(f"d{n}" for n in range(MAX_ITEMS))))  # type: ignore[arg-type]
    assert refused.value.reasons == {"bad": "x"}
    assert len(cluster.requests) == 2


def test_an_alias_that_is_gone_is_told_apart() -> None:
    with pytest.raises(MissingIndex):
        send_all(Cluster(lambda number, ident: 404), "x", lines("a"))  # type: ignore[arg-type]


def test_requests_are_bounded_in_number_and_bytes() -> None:
    cluster = Cluster(lambda number, ident: 201)
    big = upsert_lines(replace(dataset("a"), row={"text": "x" * (MAX_BYTES // 4)}))
    send_all(cluster, "x", [big] * 7)  # type: ignore[arg-type]
    assert [len(ids) for ids in cluster.requests] == [2, 2, 2, 1]


@pytest.mark.parametrize("side_by_side", [1, 3])
def test_documents_are_read_no_faster_than_they_are_taken(side_by_side: int) -> None:
    cluster = Cluster(lambda number, ident: 201)
    ahead: list[int] = []

    def documents() -> Iterator[bytes]:
        for n in range(12 * MAX_ITEMS):
            ahead.append(n + 1 - sum(map(len, cluster.requests)))
            yield lines(str(n))[0]

    send_all(cluster, "x", documents(), side_by_side=side_by_side)  # type: ignore[arg-type]
    assert sum(map(len, cluster.requests)) == 12 * MAX_ITEMS
    assert max(ahead) <= (side_by_side + 3) * MAX_ITEMS


def test_a_fault_in_one_of_several_requests_is_raised() -> None:
    cluster = Cluster(lambda number, ident: 404 if number == 2 else 201)
    with pytest.raises(MissingIndex):
        send_all(cluster, "x", lines(*map(str, range(5 * MAX_ITEMS))), side_by_side=2)  # type: ignore[arg-type]


# --- circuit --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [ConnectionTimeout("x"), None])
def test_faults_of_the_cluster_become_one_of_ours(fault: Exception | None) -> None:
    connection = Connection(Address(hosts=(("127.0.0.1", 1),)))
    for _ in range(3):
        with pytest.raises(Unavailable), connection.guarded():
            raise fault or api_error(503)
    with pytest.raises(Unavailable), connection.guarded():
        pytest.fail("the circuit is open")
    connection.close()


def test_a_question_the_cluster_refuses_opens_no_circuit() -> None:
    connection = Connection(Address(hosts=(("127.0.0.1", 1),)))
    for _ in range(5):
        with pytest.raises(Unavailable), connection.guarded():
            raise api_error(400)
    with connection.guarded():
        pass
    connection.close()


def api_error(status: int) -> ApiError:
    node = NodeConfig("http", "127.0.0.1", 1)
    meta = ApiResponseMeta(status=status, http_version="1.1", headers=HttpHeaders(), duration=0.0, node=node)
    return ApiError("x", meta, {})
