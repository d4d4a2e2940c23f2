"""Which engines the black-box suites run on: embedded, or the real servers where OPENDATA_TEST_MODE=scaled.

The suites themselves know nothing of it: whoever builds a platform for a test takes the settings of its
engines from here.
"""

import contextlib
import os
import urllib.error
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from sqlalchemy import Engine, make_url

from opendata.base.kit.hashes import sha256
from opendata.base.models import Base
from opendata.base.runtime.database import connect
from opendata.testing.databases import drop_database, new_database
from opendata.testing.servers import ElasticNode, PostgresServer, RedisServer, S3Server


def scaled() -> bool:
    return os.environ.get("OPENDATA_TEST_MODE") == "scaled"


@dataclass
class Servers:
    """The servers of this test run. Every test folder gets a database, an index, a bucket's folder, a
    queue and counters of its own on them."""

    postgresql: PostgresServer
    elastic: ElasticNode
    redis: RedisServer
    s3: S3Server
    template: str = ""

    running: ClassVar["Servers | None"] = None

    def settings(self, folder: Path) -> dict[str, str]:
        name = name_of(folder)
        return {
            "database_url": self.database(),
            "search_url": f"elasticsearch://127.0.0.1:{self.elastic.port}/{name}?timeout=20&replicas=0",
            "files_url": self.s3.address(name),
            "jobs_url": f"{self.redis.url}?name={name}",
        }

    def database(self) -> str:
        """A new database with every table and no row."""
        self.template = self.template or self._make_template()
        return new_database(self.postgresql, template=self.template)

    def forget(self, folder: Path) -> None:
        with contextlib.suppress(urllib.error.HTTPError):
            self.elastic.delete(f"/{name_of(folder)}-*")

    def _make_template(self) -> str:
        url = new_database(self.postgresql)
        engine = connect(url)
        Base.metadata.create_all(engine)
        engine.dispose()
        return str(make_url(url).database)


def name_of(folder: Path) -> str:
    return f"t{sha256(str(folder).encode())[:12]}"


def engine_settings(folder: Path) -> dict[str, str]:
    """Settings of the engines for a platform in `folder`; none for the embedded mode."""
    return _servers().settings(folder) if scaled() else {}


def database_url(folder: Path) -> str:
    return _servers().database() if scaled() else f"sqlite:///{folder}/opendata.db"


def files_url(folder: Path) -> str:
    return _servers().s3.address(name_of(folder)) if scaled() else (folder / "files").as_uri()


def forget(folder: Path, engine: Engine) -> None:
    """Once its platform is closed: give back what a test held on the servers."""
    if scaled():
        _servers().forget(folder)
        drop_database(engine.url)


def _servers() -> Servers:
    if Servers.running is None:
        raise RuntimeError("the servers of the scaled mode run inside pytest only")
    return Servers.running
