"""An index in a folder that was removed, while processes have it open."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from opendata.engines.search import IndexDocument, IndexLost, Plan
from opendata.engines.search.embedded import EmbeddedIndex
from opendata.testing.index_documents import dataset, ids


@pytest.mark.parametrize("gone", ["index", "index/g-*"])
def test_a_lost_folder_is_told_until_a_rebuild_has_made_it_whole(tmp_path: Path, gone: str) -> None:
    kept: list[str] = []
    index, other = (EmbeddedIndex(tmp_path / "index", wait=1, expects=lambda: bool(kept)) for _ in range(2))
    index.prepare()
    kept += ["a", "b"]
    index.write([dataset("a", "x"), dataset("b", "x")])
    assert other.search(Plan()).total == 2
    for folder in tmp_path.glob(gone):
        shutil.rmtree(folder)

    def told() -> Iterator[bool]:
        for process in (index, other, EmbeddedIndex(tmp_path / "index", wait=1, expects=lambda: bool(kept))):
            for ask in (process.info, process.sequences, partial(process.search, Plan())):
                with pytest.raises(IndexLost):
                    ask()
                yield True
            with pytest.raises(IndexLost):
                process.write([dataset("b", "x")])

    def documents() -> Iterator[IndexDocument]:
        yield dataset("a", "x")
        assert all(told())
        yield dataset("b", "x")

    assert all(told())
    assert other.rebuild(documents()) == 2
    for process in (index, other):
        assert sorted(ids(process.search(Plan()))) == ["a", "b"]


@pytest.mark.parametrize("gone", ["index", "index/g-*"])
def test_a_process_that_has_not_looked_since_can_tell_too_and_build_it_again(
    tmp_path: Path, gone: str
) -> None:
    kept: list[str] = []
    writer, builder = (
        EmbeddedIndex(tmp_path / "index", wait=1, expects=lambda: bool(kept)) for _ in range(2)
    )
    builder.prepare()
    kept += ["a", "b"]
    writer.write([dataset("a", "x")])
    for folder in tmp_path.glob(gone):
        shutil.rmtree(folder)
    with pytest.raises(IndexLost):
        writer.write([dataset("b", "x")])
    assert builder.rebuild([dataset("a", "x"), dataset("b", "x")]) == 2
    assert sorted(ids(writer.search(Plan()))) == ["a", "b"]


def test_a_lost_folder_is_made_again_empty_where_nothing_is_to_be_found(tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path / "index")
    index.write([dataset("a", "x")])
    shutil.rmtree(tmp_path / "index")
    assert index.search(Plan()).total == 0
    index.write([dataset("b", "x")])
    assert ids(index.search(Plan())) == ["b"]
