"""An embedded installation carried over to the real servers answers as it did before."""

import secrets
from dataclasses import replace

import pytest
from sqlalchemy import func, select, text

from opendata.app import create_app
from opendata.assembly import assemble
from opendata.base.models import Base, OutboxEntry, migrations
from opendata.base.runtime import SYSTEM
from opendata.base.runtime.carrying import TargetNotEmpty
from opendata.base.runtime.database import connect
from opendata.doors.cli import run
from opendata.services.catalog import indexing
from opendata.testing.databases import new_database
from opendata.testing.web import ApiClient, City, build_city, complete_record

PATHS = (
    "/api/v1/datasets?size=100&sort=title",
    "/api/v1/datasets?q=nuoc",
    "/api/v1/datasets?q=b%E1%BA%A3n&size=5",
    "/api/v1/organizations",
    "/api/v1/topics",
    "/api/v1/harvest/sources",
)


@pytest.fixture
def before(tmp_path):
    city = build_city(tmp_path, engines={})
    with city.platform.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": migrations.head()})
    city.add_file(b"a,b\n1,2\n" * 50_000)
    yield city
    city.platform.close()


@pytest.fixture
def scaled(before, postgres_server, elastic_server, redis_server, s3_server):
    name = f"c{secrets.token_hex(4)}"
    yield {
        "database_url": new_database(postgres_server),
        "search_url": f"elasticsearch://127.0.0.1:{elastic_server.port}/{name}?timeout=20&replicas=0",
        "files_url": s3_server.address(name),
        "jobs_url": f"{redis_server.url}?name={name}",
    }
    elastic_server.delete(f"/{name}-*")


def carry(before, scaled, tmp_path, source):
    config = tmp_path / "new.toml"
    lines = [f'{key} = "{value}"' for key, value in scaled.items()]
    config.write_text("\n".join([f'data_dir = "{tmp_path}/new"', 'mode = "test"', *lines]))
    return run(["--config", str(config), "init", "--from", source], settings={"log_level": "ERROR"})


def moved(before, scaled, tmp_path):
    settings = replace(before.platform.settings, data_dir=str(tmp_path / "new"), **scaled)
    settings = replace(settings, harvest_allow_roots=(str(tmp_path),))
    platform = assemble(settings)
    app = create_app(platform=platform)
    app.test_client_class = ApiClient
    return City(
        platform, app, **{name: getattr(before, name) for name in ("own", "published", "draft", "users")}
    )


def answers(city):
    client = city.client("operator")
    found = {path: client.get(path).get_json() for path in PATHS}
    for row in found[PATHS[0]]["data"]:
        path = f"/api/v1/datasets/{row['id']}"
        document = client.get(path)
        found[path] = (document.get_json(), document.headers["ETag"])
        for resource in document.get_json()["resources"]:
            address = resource["download_url"]
            if address.startswith("/"):
                found[address] = client.get(address).get_data()
    return found


def test_every_answer_is_the_same_afterwards_and_work_goes_on(before, scaled, tmp_path):
    expected = answers(before)
    assert carry(before, scaled, tmp_path, f"sqlite:///{tmp_path}/opendata.db") == 0
    after = moved(before, scaled, tmp_path)
    try:
        assert counts(after.platform.engine) == counts(before.platform.engine)
        told = answers(after)
        assert told.keys() == expected.keys()
        for path, answer in expected.items():
            assert told[path] == answer, path
        assert indexing.drift(after.platform).ids == ()
        with after.platform.read(SYSTEM) as work:
            assert work.session.scalar(select(func.count(OutboxEntry.id))) == 0
        new = after.add_dataset(complete_record("Viết sau khi chuyển"))
        found = after.client().get("/api/v1/datasets?q=viet sau khi chuyen").get_json()
        assert found["data"][0]["id"] == new
        assert indexing.drift(after.platform).ids == ()
    finally:
        after.platform.close()


def counts(engine):
    with engine.connect() as connection:
        every = {
            table.name: connection.scalar(select(func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
        }
    return {name: count for name, count in every.items() if name not in {"outbox", "user_session"}}


def test_a_database_that_holds_something_is_left_alone(before, scaled, tmp_path, capsys):
    assert carry(before, scaled, tmp_path, str(tmp_path)) == 0
    engine = connect(scaled["database_url"])
    held = counts(engine)
    assert carry(before, scaled, tmp_path, str(tmp_path)) == 1
    assert TargetNotEmpty.message.split("%")[0] in capsys.readouterr().err
    assert counts(engine) == held
    engine.dispose()


def test_a_source_that_is_not_there_is_told(before, scaled, tmp_path):
    assert carry(before, scaled, tmp_path, str(tmp_path / "nowhere")) == 1
