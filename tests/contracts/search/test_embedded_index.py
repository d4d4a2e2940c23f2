import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import tantivy
from filelock import FileLock

from opendata.base.kit.errors import Invalid, Unavailable
from opendata.engines.search import Every, Plan, Term, open_index
from opendata.engines.search.embedded import EmbeddedIndex, schema
from opendata.engines.search.embedded.generation import Generation, Snapshot
from opendata.engines.search.fake import MemoryIndex
from opendata.testing.index_documents import dataset, ids, title
from opendata.testing.search_contract import SearchContract
from opendata.testing.search_paging_contract import SearchPagingContract
from opendata.testing.search_plans import compare_with_reference
from opendata.testing.search_writing_contract import SearchWritingContract


class TestEmbeddedIndex(SearchContract, SearchWritingContract, SearchPagingContract):
    @pytest.fixture
    def index(self, tmp_path: Path) -> EmbeddedIndex:
        return EmbeddedIndex(tmp_path / "index")


def test_random_plans_give_the_lists_of_the_reference(tmp_path: Path) -> None:
    compare_with_reference(EmbeddedIndex(tmp_path / "index"), rounds=150)


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


@pytest.mark.parametrize("first_look", [True, False])
@pytest.mark.parametrize("moment", ["reload", "searcher", "snapshot"])
def test_a_commit_that_falls_into_a_look_at_the_index_is_seen_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, *, first_look: bool
) -> None:
    reader, writer = EmbeddedIndex(tmp_path / "index"), EmbeddedIndex(tmp_path / "index")
    writer.write([dataset("a", "x")])
    if not first_look:
        assert ids(reader.search(Plan())) == ["a"]
    writer.write([dataset("b", "x", newest=1)])
    snapshot = Generation.snapshot
    to_come = [dataset("c", "x", newest=2)]

    def commit() -> None:
        while to_come:
            writer.write([to_come.pop()])

    class Disturbed:
        """The index of the reader, with a commit of another process at one step of its snapshot."""

        def __init__(self, index: tantivy.Index) -> None:
            self.index = index

        def __getattr__(self, name: str) -> object:
            if name != moment:
                return getattr(self.index, name)

            def step() -> object:
                done = getattr(self.index, name)()
                commit()
                return done

            return step

    def disturbed(generation: Generation) -> Snapshot:
        if generation is not reader._live or not to_come:
            return snapshot(generation)
        monkeypatch.setattr(generation, "_index", Disturbed(generation._index))
        found = snapshot(generation)
        commit()
        return found

    monkeypatch.setattr(Generation, "snapshot", disturbed)
    assert sorted(ids(reader.search(Plan()))) in (["a", "b"], ["a", "b", "c"])
    assert sorted(ids(reader.search(Plan()))) == ["a", "b", "c"]
    assert not to_come


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
from opendata.testing.search_plans import compare_with_reference
from opendata.testing.index_documents import dataset
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


def test_an_index_of_an_older_release_is_served_until_it_is_rebuilt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older one knew neither main streams nor topics nor the order by popularity."""

    def older() -> tantivy.Schema:
        builder = tantivy.SchemaBuilder()
        for name in ("id", "kind", "visibility", "order_newest", "facet_tag"):
            stored = name == "id"
            builder.add_text_field(name, stored=stored, fast=True, tokenizer_name="raw", index_option="basic")
        for name in ("title_exact", "any_fold"):
            builder.add_text_field(name, tokenizer_name="whitespace", index_option="basic")
        for name in ("sequence", "newest", "id_rank", "period_start", "period_end"):
            builder.add_integer_field(name, fast=True)
        builder.add_bytes_field("row", stored=True)
        return builder.build()

    with monkeypatch.context() as patched:
        patched.setattr(schema, "build", older)
        patched.setattr(schema, "schema_hash", lambda: "older")
        before = EmbeddedIndex(tmp_path / "index")
        before.write([dataset("a", "cảng", facets={"tag": ["t"]})])
        before.close()
    index = EmbeddedIndex(tmp_path / "index")
    assert index.info().outdated
    assert index.info().schema == "older"
    index.write([dataset("b", "cảng", facets={"tag": ["t"], "topic": ["x"]})])
    plan = Plan(
        where=Every((Term("any.fold", "cang", 1.0),), (Term("main.fold", "cang", 1.0),)),
        facets=("tag", "topic"),
        sort="popularity",
    )
    found = index.search(plan)
    assert ids(found) == ["a", "b"]
    assert found.facets == {"tag": (("t", 2),), "topic": ()}
    assert index.search(replace(plan, filters={"topic": ("x",)})).total == 0
    index.rebuild([dataset("a", "cảng"), dataset("b", "cảng", facets={"topic": ["x"]})])
    assert not index.info().outdated
    assert index.search(replace(plan, filters={"topic": ("x",)})).total == 1


def test_engines_are_opened_by_address(tmp_path: Path) -> None:
    assert isinstance(open_index("memory://"), MemoryIndex)
    index = open_index(f"tantivy://{tmp_path}/a%20b")
    index.write([dataset("a")])
    assert (tmp_path / "a b" / "LIVE").exists()
    with pytest.raises(Invalid):
        open_index("solr://x")
