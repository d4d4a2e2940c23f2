"""Everything an installation keeps, for those who look for what must not be there."""

from collections.abc import Iterator

from sqlalchemy import select

from opendata.base.models import Base
from opendata.base.runtime.database import is_shared
from opendata.testing.web import City

SEALED_FILES = {"peppers"}
"""What is there to be secret, for its owner alone."""


def kept(city: City) -> Iterator[tuple[str, bytes]]:
    """Name and content of tables and files, what was replaced in them included."""
    if is_shared(city.platform.engine):
        with city.platform.engine.connect() as connection:
            for table in Base.metadata.sorted_tables:
                yield table.name, repr(connection.execute(select(table)).all()).encode()
    for path in city.platform.settings.data.rglob("*"):
        if path.is_file() and path.name not in SEALED_FILES:
            yield path.name, path.read_bytes()
