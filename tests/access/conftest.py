"""The city behind the doors, for tests about who is asking."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from opendata.assembly import configure_logging
from opendata.testing.web import City, build_city, city, close_city, still_city

__all__ = ["city", "loud", "still_city"]


@pytest.fixture
def loud(engines: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[City]:
    """A city whose every logger is at DEBUG, those of libraries too."""
    city = build_city(tmp_path / "city")
    configure_logging(replace(city.platform.settings, log_level="DEBUG"))
    quiet = {name: logging.getLogger(name).level for name in ("", "authlib", "sqlalchemy.engine")}
    for name in quiet:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield city
    for name, level in quiet.items():
        logging.getLogger(name).setLevel(level)
    configure_logging(city.platform.settings)
    close_city(city, tmp_path / "city")
