"""An index of the cluster that was deleted, and one that a killed rebuild left beside it."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import pytest
from elasticsearch import Elasticsearch

from opendata.engines.search import IndexDocument, IndexLost, Plan
from opendata.engines.search.elastic import ElasticIndex, generations, lease, read_address
from opendata.testing.index_documents import dataset, ids


def test_a_wiped_server_gets_an_empty_index_again_where_nothing_is_to_be_found(
    opened: ElasticIndex, client: Elasticsearch, prefix: str
) -> None:
    opened.write([dataset("a", "x")])
    assert ids(opened.search(Plan())) == ["a"]
    client.indices.delete(index=f"{prefix}-*")
    time.sleep(0.2)
    assert opened.search(Plan(size=7)).total == 0
    opened.write([dataset("b", "x")])
    assert ids(opened.search(Plan())) == ["b"], "not what was remembered of the one before"


@pytest.fixture
def kept() -> list[str]:
    """The documents that somebody expects to find."""
    return []


@pytest.fixture
def expecting(address: str, kept: list[str]) -> Iterator[ElasticIndex]:
    index = ElasticIndex(read_address(address), seen_within=0.0, expects=lambda: bool(kept))
    yield index
    index.close()


ASKED: dict[str, Callable[[ElasticIndex], object]] = {
    "search": lambda index: index.search(Plan()),
    "info": lambda index: index.info(),
    "statistics": lambda index: index.statistics([("title.fold", "x")]),
    "vocabulary": lambda index: index.vocabulary("any.fold"),
    "sequences": lambda index: index.sequences(),
    "write": lambda index: index.write([dataset("b", "x")]),
}


def test_a_lost_index_is_told_until_a_rebuild_has_made_it_whole(
    expecting: ElasticIndex, client: Elasticsearch, prefix: str, kept: list[str]
) -> None:
    expecting.prepare()
    kept += ["a", "b"]
    expecting.write([dataset("a", "x"), dataset("b", "x")])
    before = expecting.info().generation
    client.indices.delete(index=f"{prefix}-*")

    def told(name: str) -> bool:
        with pytest.raises(IndexLost):
            ASKED[name](expecting)
        return True

    def documents() -> Iterator[IndexDocument]:
        yield dataset("a", "x")
        assert all(told(name) for name in ASKED)
        yield dataset("b", "x")

    assert all(told(name) for name in ASKED)
    assert not client.indices.exists_alias(name=prefix)
    assert expecting.rebuild(documents()) == 2
    assert sorted(ids(expecting.search(Plan()))) == ["a", "b"]
    assert expecting.info().generation != before


def test_an_index_that_another_process_makes_and_fills_meanwhile_is_not_lost(
    address: str, other_process: ElasticIndex
) -> None:
    def made_meanwhile() -> bool:
        other_process.write([dataset("a", "x")])
        return True

    index = ElasticIndex(read_address(address), expects=made_meanwhile)
    index.prepare()
    assert ids(index.search(Plan())) == ["a"]
    index.close()


def test_two_that_make_the_first_index_at_once_make_one(
    opened: ElasticIndex, other_process: ElasticIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_name = opened._at_hand._new_name

    def after_another() -> str:
        other_process.write([dataset("a", "x")])
        return new_name()

    monkeypatch.setattr(opened._at_hand, "_new_name", after_another)
    opened.prepare()
    assert ids(opened.search(Plan())) == ["a"]


# --- a rebuild that was killed ----------------------------------------------------------------------

KILLED = """
import os, signal, sys
from opendata.engines.search import open_index
from opendata.testing.index_documents import dataset

def documents():
    yield dataset("new", "x")
    os.kill(os.getpid(), signal.SIGKILL)

open_index(sys.argv[1]).rebuild(documents())
"""


def test_what_a_killed_rebuild_left_is_removed_when_its_lease_is_out(
    opened: ElasticIndex, address: str, client: Elasticsearch, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.write([dataset("old", "x")])
    assert opened.rebuilding() == "no"
    killed = subprocess.run([sys.executable, "-c", KILLED, address], check=False)
    assert killed.returncode == -signal.SIGKILL
    opened.tend()
    assert opened.rebuilding() == "yes", "nobody can know yet that it is dead"
    later = partial(lease.Lease, clock=lambda: time.time() + lease.LASTS)
    monkeypatch.setattr(generations, "Lease", later)
    assert opened.rebuilding() == "left"
    opened.tend()
    assert opened.rebuilding() == "no"
    assert list(client.indices.get(index=f"{prefix}-*,-{prefix}-rebuild")) == [
        opened._generations.live_index()
    ]
    opened.write([dataset("later", "x", newest=1)])
    assert sorted(ids(opened.search(Plan()))) == ["later", "old"]


def test_a_rebuild_that_has_just_begun_is_not_taken_for_one_that_was_left(
    opened: ElasticIndex, other_process: ElasticIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins in the middle of a look at what another left: just before the lease is looked at, or just
    after that."""
    opened.write([dataset("old", "x")])
    is_held = lease.Lease.is_held
    for first in (True, False):
        left = opened._generations.begin()
        with ExitStack() as rebuild:

            def meanwhile(held: lease.Lease) -> bool:
                found = not first and is_held(held)  # noqa: B023
                rebuild.enter_context(other_process._generations.lease().held())
                other_process._generations.begin()
                return is_held(held) if first else found  # noqa: B023

            with monkeypatch.context() as patched:
                patched.setattr(lease.Lease, "is_held", meanwhile)
                opened.tend()
            (begun,) = opened._generations._behind(opened._generations.building)
            assert begun != left
            opened.tend()
            assert opened.rebuilding() == "yes"
            other_process._generations.swap(begun)
