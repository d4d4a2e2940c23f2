"""Fixtures for our tests and those of plugin authors: a platform of its own for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.models import Base
from opendata.base.runtime import Platform
from opendata.base.runtime.database import connect
from opendata.engines.files.local import LocalFiles
from opendata.engines.files.protocol import FileStore
from opendata.services.harvest.reach import Reach
from opendata.services.harvest.registry import HarvesterTypes
from opendata.settings import Settings

VOCABULARIES = Vocabularies()


def bare_platform(folder: Path) -> Platform:
    """Database, vocabularies and files in `folder`; effects of the outbox go nowhere."""
    settings = Settings(
        data_dir=str(folder), mode="test", harvest_allow_loopback=True, harvest_allow_roots=(str(folder),)
    )
    platform = Platform(settings, connect(f"sqlite:///{folder}/opendata.db"))
    Base.metadata.create_all(platform.engine)
    platform.register(Vocabularies, VOCABULARIES)
    platform.register(FileStore, LocalFiles(folder / "files", reserve=0))
    platform.register(HarvesterTypes, HarvesterTypes.installed())
    platform.register(Reach, Reach(settings))
    return platform


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    platform = bare_platform(tmp_path)
    yield platform
    platform.engine.dispose()
