import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from opendata.base.kit.errors import Invalid, Unavailable
from opendata.engines.search import Best, Every, Plan, Term, open_index
from opendata.engines.search.embedded import EmbeddedIndex
from opendata.engines.search.fake import MemoryIndex
from opendata.testing.search_contract import SearchContract, all_pages, dataset, ids, title


class TestEmbeddedIndex(SearchContract):
    @pytest.fixture
    def index(self, tmp_path: Path) -> EmbeddedIndex:
        return EmbeddedIndex(tmp_path / "index")


def random_documents(chance: random.Random, count: int) -> list:
    words = "cảng biển cang bien đất giá cá các tàu tau hàng hải hai sông".split()
    return [
        dataset(
            f"{chance.choice('abc')}{n:04d}",
            " ".join(chance.choices(words, k=4)),
            sequence=n,
            visibility=chance.choice(["public", "public", "org:1"]),
            newest=chance.randrange(4),
            popularity=chance.randrange(3),
            period=chance.choice([None, (n, n + 10)]),
            facets={"tag": chance.choices("tuvw", k=2), "format": [chance.choice(["CSV", "JSON"])]},
            body=" ".join(chance.choices(words, k=3)),
        )
        for n in range(count)
    ]


def random_plan(chance: random.Random) -> Plan:
    def term() -> Term:
        stream = f"{chance.choice(['title', 'body', 'any'])}.{chance.choice(['exact', 'fold'])}"
        token = chance.choice(["cang", "cang\u0309", "bien", "biên\u0309", "tau", "hai", "ca"])
        return Term(stream, token, chance.choice([0.0, 0.45, 1.5, 2.3457]))

    where = chance.choice(
        [
            None,
            term(),
            Best((term(), term())),
            Every((Best((term(), term())),), (term(), Every((term(), term())))),
            Every((term(), term(), term()), (term(),), at_least=2),
            Every((term(),), forbidden=(term(),)),
        ]
    )
    return Plan(
        where=where,
        exact=chance.choice([None, term()]) if where else None,
        visible=frozenset(chance.choice([{"public"}, {"public", "org:1"}, {"*"}])),
        filters=chance.choice([{}, {"tag": ("t",)}, {"tag": ("t", "u"), "format": ("CSV",)}]),
        period=chance.choice([None, (20, 60)]),
        facets=("tag", "format"),
        sort=chance.choice(["relevance", "relevance", "newest", "title", "popularity"]),
        size=chance.choice([1, 5, 20]),
    )


def test_both_engines_give_the_same_lists(tmp_path: Path) -> None:
    """Random documents in many segments, random plans: hits, order, scores, keys, totals, counts."""
    chance = random.Random(7)
    documents = random_documents(chance, 400)
    engines = [MemoryIndex(), EmbeddedIndex(tmp_path / "index")]
    for engine in engines:
        for start in range(0, 400, 40):
            engine.write(documents[start : start + 40])
        engine.write(
            [replace(document, sequence=1000) for document in documents[::9]],
            [(document.id, 2000) for document in documents[::11]],
        )
    for _ in range(150):
        plan = random_plan(chance)
        expected, found = (engine.search(plan) for engine in engines)
        assert replace(found, generation="") == replace(expected, generation=""), plan
        if plan.size > 1:
            assert all_pages(engines[1], plan) == all_pages(engines[0], plan)


def test_an_index_is_there_after_reopening(tmp_path: Path) -> None:
    first = EmbeddedIndex(tmp_path / "index")
    first.write([dataset("a", "x"), dataset("b", "x")], [("b", 2)])
    first.close()
    again = EmbeddedIndex(tmp_path / "index")
    again.write([dataset("b", "x")])
    assert ids(again.search(Plan())) == ["a"]


def test_other_processes_see_writes_and_swaps(tmp_path: Path) -> None:
    """Two indexes on one folder stand for two processes: they share nothing but the files."""
    one, other = EmbeddedIndex(tmp_path / "index"), EmbeddedIndex(tmp_path / "index")
    assert other.search(Plan()).total == 0
    one.write([dataset("a", "x")])
    assert ids(other.search(Plan())) == ["a"]
    one.rebuild([dataset("b", "x")])
    assert ids(other.search(Plan())) == ["b"]
    other.write([dataset("c", "x", newest=1)])
    assert ids(one.search(Plan())) == ["b", "c"]
    assert len(list((tmp_path / "index").glob("g-*"))) == 1


def test_a_write_waits_for_the_writer_before_it_but_not_for_ever(tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path / "index", wait=0.2)
    index.write([dataset("a")])
    with FileLock(tmp_path / "index" / "write.lock"):
        started = time.monotonic()
        with pytest.raises(Unavailable):
            index.write([dataset("b")])
        assert time.monotonic() - started < 5
        assert ids(index.search(Plan())) == ["a"]
    index.write([dataset("b")])
    assert index.search(Plan()).total == 2


CRASHING = """
import os, signal, sys
from pathlib import Path
from opendata.engines.search.embedded import EmbeddedIndex
from opendata.testing.search_contract import dataset
index = EmbeddedIndex(Path(sys.argv[1]))
if sys.argv[2] == "rebuild":
    def documents():
        for n in range(100):
            yield dataset(f"new-{n}", "y")
        print("ready", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    index.rebuild(documents())
n = 0
while True:
    index.write([dataset(f"{n:05d}", "x")])
    print(n, flush=True)
    n += 1
"""


@pytest.fixture
def crash(tmp_path: Path):
    def run(kind: str, lines: int) -> int:
        """Kill the process after it printed so many lines; returns the lines it printed."""
        command = [sys.executable, "-c", CRASHING, str(tmp_path / "index"), kind]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            printed = [process.stdout.readline() for _ in range(lines)]
            os.kill(process.pid, signal.SIGKILL)
            printed += process.stdout.readlines()
        return len([line for line in printed if line.strip()])

    return run


def test_a_killed_writer_loses_nothing_it_had_written(tmp_path: Path, crash) -> None:
    printed = crash("write", 5)
    index = EmbeddedIndex(tmp_path / "index", wait=1)
    assert printed <= index.search(Plan()).total <= printed + 1
    index.write([dataset("after", "x")])
    assert ids(index.search(Plan(where=title("x"), size=1))) == ["00000"]


def test_a_killed_rebuild_leaves_the_live_index(tmp_path: Path, crash) -> None:
    index = EmbeddedIndex(tmp_path / "index", wait=1)
    index.write([dataset("old", "x")])
    crash("rebuild", 1)
    index.write([dataset("later", "x", newest=1)])
    assert ids(index.search(Plan())) == ["old", "later"]
    assert not (tmp_path / "index" / "rebuild.journal").exists()
    assert index.rebuild([dataset("new", "x")]) == 1
    assert len(list((tmp_path / "index").glob("g-*"))) == 1


def test_engines_are_opened_by_address(tmp_path: Path) -> None:
    assert isinstance(open_index("memory://"), MemoryIndex)
    index = open_index(f"tantivy://{tmp_path}/a%20b")
    index.write([dataset("a")])
    assert (tmp_path / "a b" / "LIVE").exists()
    with pytest.raises(Invalid):
        open_index("solr://x")
