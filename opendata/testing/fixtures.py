"""Fixtures for our tests and those of plugin authors: a platform of its own for every test."""

import shutil
from collections.abc import Generator, Iterator
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


@pytest.fixture(scope="session")
def engines(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The engines of this test run; whoever builds an installation asks for them (see `modes`)."""
    modes.mode.pattern = tmp_path_factory.mktemp("pattern")
    if modes.scaled():
        names = ("postgres_server", "elastic_server", "redis_server", "s3_server")
        modes.mode.begin(*map(request.getfixturevalue, names))
    yield
    modes.mode.end()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The scaled mode runs what depends on it."""
    if not modes.scaled():
        return
    left_out = [item for item in items if not _asks_for_engines(item)]
    items[:] = [item for item in items if _asks_for_engines(item)]
    config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    modes.mode.declared = _asks_for_engines(item)
    try:
        return (yield)
    finally:
        modes.mode.declared = True


def _asks_for_engines(item: pytest.Item) -> bool:
    return modes.FIXTURE in getattr(item, "fixturenames", ())


def bare_platform(folder: Path) -> Platform:
    """Database, vocabularies and files in `folder`; effects of the outbox go nowhere, retries do not wait."""
    settings = Settings(
        **modes.engine_settings(folder),  # type: ignore[arg-type]  # texts all
        data_dir=str(folder),
        mode="test",
        harvest_allow_loopback=True,
        harvest_allow_roots=(str(folder),),
        harvest_rate_per_host=10_000,
    )
    platform = Platform(settings, connect(settings.url("database_url", "sqlite:///{data}/opendata.db")))
    modes.make_tables(platform.engine)
    platform.register(Vocabularies, VOCABULARIES)
    platform.register(FileStore, _files(settings))
    platform.register(HarvesterTypes, HarvesterTypes.installed())
    platform.register(Reach, Reach(settings, platform.stopping, sleep=lambda _seconds: None))
    return platform


def _files(settings: Settings) -> FileStore:
    return (
        open_files(settings.files_url)
        if settings.files_url
        else LocalFiles(settings.data / "files", reserve=0)
    )


@pytest.fixture
def platform(
    engines: None,  # noqa: ARG001  # asked for: see `modes`
    tmp_path: Path,
    empty_database: Path,
) -> Iterator[Platform]:
    shutil.copyfile(empty_database, tmp_path / empty_database.name)
    platform = bare_platform(tmp_path)
    yield platform
    platform.engine.dispose()
    modes.forget(tmp_path)
