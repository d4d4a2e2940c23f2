"""Runs Alembic from code: no ini file, no working directory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

LOCK_TIMEOUT = "1s"


def config(connection: Connection | None = None) -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.attributes["connection"] = connection
    return settings


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to `revision`; each step is one transaction and can be run again."""
    with _migrating(engine) as connection:
        command.upgrade(config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    with _migrating(engine) as connection:
        command.downgrade(config(connection), revision)


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    """A transaction of its own. SQLite rebuilds tables when it alters them: with foreign keys on, child
    rows would be deleted with the old table, so they are off here and the connection is thrown away."""
    with engine.connect().execution_options(migrating=True) as connection:
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
            yield connection
        connection.invalidate()


def current(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    return ScriptDirectory.from_config(config()).get_current_head()


def knows(revision: str) -> bool:
    """Whether this release has such a version; a later one may."""
    return revision in {one.revision for one in ScriptDirectory.from_config(config()).walk_revisions()}


def pending(engine: Engine) -> bool:
    """Whether the database is behind the code."""
    return current(engine) != head()
