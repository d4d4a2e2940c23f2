"""Which engines the black-box suites run on: embedded, or the real servers where OPENDATA_TEST_MODE=scaled.

The suites themselves know nothing of it: whoever builds an installation for a test takes the settings of its
engines from here, and asks for the fixture `engines`. By that alone it is decided what runs in the scaled
mode: every test that asks for `engines`, straight or through another fixture. All others name the engine
they are about themselves, or need none, and say the same in both modes.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import Engine, inspect, make_url

from opendata.base.kit.hashes import sha256
from opendata.base.models import Base, migrations
from opendata.base.runtime.database import connect
from opendata.testing.databases import make_database, new_database
from opendata.testing.leftovers import Leftovers, remove_indexes
from opendata.testing.servers import ElasticNode, PostgresServer, RedisServer, S3Server

FIXTURE = "engines"
_SERVERS = "OPENDATA_TEST_SERVERS"
"""Where a process that a test starts finds the servers of the run."""


def scaled() -> bool:
    return os.environ.get("OPENDATA_TEST_MODE") == "scaled"


@dataclass(frozen=True)
class Servers:
    """The addresses of the servers of this test run. Every installation gets a database, an index, a bucket's
    folder, a queue and counters of its own on them, all named after its folder."""

    postgresql: str
    elastic: str
    redis: str
    s3: str
    """With {name} in it."""
    template: str
    """The name of a database with every table and no row."""

    @classmethod
    def known(cls) -> Self:
        told = os.environ.get(_SERVERS)
        if told is None:
            raise RuntimeError("the servers of the scaled mode run inside pytest only")
        return cls(**json.loads(told))

    def settings(self, folder: Path, template: str) -> dict[str, str]:
        """Of an installation in `folder`; the second time the same. Its database begins as `template`."""
        name = name_of(folder)
        return {
            "database_url": make_database(self.postgresql, name, template=template),
            "search_url": f"elasticsearch://{self.elastic}/{name}?timeout=20&replicas=0",
            "files_url": self.s3.replace("{name}", name),
            "jobs_url": f"{self.redis}?name={name}",
            "counters_url": f"{self.redis}?name={name}&timeout=5",
        }


class Mode:
    """What the plugin of pytest tells: the servers, and whether the test at work may use them."""

    declared = True
    """Does it ask for `engines`? Outside of pytest there is nobody to ask."""

    def __init__(self) -> None:
        self.pattern: Path | None = None
        """Where an installation may lie that others are copies of."""
        self.leftovers: Leftovers | None = None
        self.known: set[Path] = set()
        """The folders whose settings were asked for."""

    def begin(
        self, postgresql: PostgresServer, elastic: ElasticNode, redis: RedisServer, s3: S3Server
    ) -> None:
        servers = Servers(
            postgresql=postgresql.url,
            elastic=f"127.0.0.1:{elastic.port}",
            redis=redis.url,
            s3=s3.address("{name}"),
            template=_make_template(postgresql),
        )
        os.environ[_SERVERS] = json.dumps(asdict(servers))
        self.leftovers = Leftovers(servers.postgresql, servers.elastic)

    def end(self) -> None:
        if self.leftovers:
            self.leftovers.close()
        self.leftovers = self.pattern = None
        os.environ.pop(_SERVERS, None)


mode = Mode()


def name_of(folder: Path) -> str:
    return f"t{sha256(str(folder).encode())[:12]}"


def engine_settings(folder: Path, *, migrated: bool = True, copy_of: Path | None = None) -> dict[str, str]:
    """Settings of the engines for an installation in `folder`; none for the embedded mode. On the servers
    its database has all tables already unless it is not to be `migrated`, or is a copy of another's."""
    if not mode.declared:
        raise RuntimeError(f"a test that builds an installation asks for the fixture `{FIXTURE}`")
    mode.known.add(folder)
    if not scaled():
        return {}
    servers = Servers.known()
    template = name_of(copy_of) if copy_of else servers.template if migrated else "template0"
    return servers.settings(folder, template)


def is_new(folder: Path) -> bool:
    """Whether nothing has been installed there yet."""
    return folder not in mode.known and not (folder / "opendata.db").exists()


def make_tables(engine: Engine) -> None:
    """Where they are not there yet."""
    if not inspect(engine).has_table("dataset"):
        Base.metadata.create_all(engine)


def forget(folder: Path) -> None:
    """Once its platform is closed: give back what a test held on the servers."""
    if mode.leftovers:
        mode.leftovers.add(name_of(folder))


def lose_index(folder: Path) -> None:
    """As if its disk had crashed."""
    if scaled():
        remove_indexes(Servers.known().elastic, name_of(folder))
    else:
        shutil.rmtree(folder / "index")


def _make_template(server: PostgresServer) -> str:
    url = new_database(server)
    engine = connect(url)
    migrations.upgrade(engine)
    engine.dispose()
    return str(make_url(url).database)
