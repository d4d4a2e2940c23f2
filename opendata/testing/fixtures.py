"""Fixtures for our tests and those of plugin authors: a platform of its own for every test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.models import Base
from opendata.base.runtime import Platform
from opendata.base.runtime.database import connect
from opendata.engines.files import FileStore, LocalFiles, open_files
from opendata.services.harvest.reach import Reach
from opendata.services.harvest.registry import HarvesterTypes
from opendata.settings import Settings
from opendata.testing import modes

VOCABULARIES = Vocabularies()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with every table and no row, made once and copied for each test."""
    path = tmp_path_factory.mktemp("empty") / "opendata.db"
    engine = connect(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()  # the last connection to close folds the write-ahead log into the file
    return path


def bare_platform(folder: Path) -> Platform:
    """Database, vocabularies and files in `folder`; effects of the outbox go nowhere, retries do not wait."""
    settings = Settings(
        data_dir=str(folder),
        mode="test",
        harvest_allow_loopback=True,
        harvest_allow_roots=(str(folder),),
        harvest_rate_per_host=10_000,
    )
    platform = Platform(settings, connect(modes.database_url(folder)))
    Base.metadata.create_all(platform.engine)
    platform.register(Vocabularies, VOCABULARIES)
    platform.register(FileStore, _files(folder))
    platform.register(HarvesterTypes, HarvesterTypes.installed())
    platform.register(Reach, Reach(settings, sleep=lambda _seconds: None))
    return platform


def _files(folder: Path) -> FileStore:
    return open_files(modes.files_url(folder)) if modes.scaled() else LocalFiles(folder / "files", reserve=0)


@pytest.fixture
def platform(tmp_path: Path, empty_database: Path) -> Iterator[Platform]:
    shutil.copyfile(empty_database, tmp_path / empty_database.name)
    platform = bare_platform(tmp_path)
    yield platform
    platform.engine.dispose()
    modes.forget(tmp_path, platform.engine)
