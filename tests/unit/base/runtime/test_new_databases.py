"""The file of a new SQLite database."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from opendata.base.runtime.database import connect


@pytest.fixture(autouse=True)
def open_handed() -> Iterator[None]:
    """Whatever the account's habit is: new files may be read by everybody."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_new_database_and_its_log_are_readable_by_their_owner_alone(tmp_path):
    engine = connect(f"sqlite:///{tmp_path}/data/opendata.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a)"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "data").iterdir()}
    assert modes == {"opendata.db": 0o600, "opendata.db-wal": 0o600, "opendata.db-shm": 0o600}
    assert (tmp_path / "data").stat().st_mode & 0o111 == 0o111, "a proxy passes through to the files"
    engine.dispose()


def test_the_mode_an_operator_gave_a_database_stays(tmp_path):
    path = tmp_path / "opendata.db"
    path.touch()
    path.chmod(0o640)
    engine = connect(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a)"))
    engine.dispose()
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_database_in_memory_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = connect("sqlite://")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a)"))
    engine.dispose()
    assert list(tmp_path.iterdir()) == []
