"""`opendata files`: tidy up and read through."""

import io
import os

import pytest

from opendata.engines.files import open_files
from opendata.testing.modes import scaled


@pytest.fixture
def store(terminal):
    if scaled():
        pytest.skip("does not apply: files of another process's disk are not to be damaged here")
    return open_files((terminal.folder / "files").as_uri())


def test_tidying_forgets_what_nobody_uses(terminal, store):
    path = store.local_path(store.put(io.BytesIO(b"stray")).sha256)
    assert terminal.json("files", "tidy") == {"unused": 0, "unfinished": 0}
    os.utime(path, (0, 0))
    assert terminal.json("files", "tidy") == {"unused": 1, "unfinished": 0}
    assert not path.exists()


def test_reading_through_names_the_damaged_file_and_says_so_by_its_exit_code(terminal, store):
    stored = store.put(io.BytesIO(b"whole"))
    assert terminal.json("files", "check") == {"files": 1, "damaged": [], "missing": []}
    path = store.local_path(stored.sha256)
    path.chmod(0o644)
    path.write_bytes(b"wrong")
    assert terminal.call("files", "check") == 3
    assert stored.sha256 in terminal.out
