"""`opendata doctor` on the real servers: each by name and version, and the one that is away."""

import secrets
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import make_url, text, update

from opendata.assembly import assemble
from opendata.base.kit.clock import utc_now
from opendata.base.models import TimetableEntry
from opendata.base.runtime import SYSTEM
from opendata.base.runtime.timetable import Timetable
from opendata.doors.cli import run
from opendata.engines.search import SearchIndex
from opendata.engines.search.elastic import generations
from opendata.services.catalog import datasets, indexing, organizations
from opendata.settings import Settings
from opendata.testing.databases import new_database
from opendata.testing.records import complete_record
from opendata.testing.server_fixtures import start_or_skip
from opendata.testing.servers import DelayProxy, RedisServer


@pytest.fixture
def ways(postgres_server, elastic_server, s3_server):
    """A way to each shared server that can be cut."""
    with (
        DelayProxy(postgres_server.port) as database,
        DelayProxy(elastic_server.port) as index,
        DelayProxy(s3_server.port) as files,
    ):
        yield {"database": database, "index": index, "files": files}


@pytest.fixture
def doctor(tmp_path, ways, postgres_server, elastic_server, s3_server, server_folder, capsys):
    redis = start_or_skip(RedisServer(server_folder))
    name = f"h{secrets.token_hex(4)}"
    database = make_url(new_database(postgres_server)).set(port=ways["database"].port)
    files = s3_server.address(name, endpoint=f"http://127.0.0.1:{ways['files'].port}")
    settings = {
        "data_dir": str(tmp_path),
        "database_url": database.render_as_string(hide_password=False),
        "search_url": f"elasticsearch://127.0.0.1:{ways['index'].port}/{name}?timeout=20&replicas=0",
        "files_url": files,
        "jobs_url": f"{redis.url}?name={name}",
        "counters_url": f"{redis.url}?name={name}",
    }

    def ask(*words, lang="en"):
        capsys.readouterr()
        code = run(["--lang", lang, *words], settings=settings)
        return code, capsys.readouterr().out

    ask.redis, ask.settings, ask.name = redis, Settings(**settings), name
    assert ask("migrate")[0] == 0
    yield ask
    redis.stop()
    elastic_server.delete(f"/{name}-*")


def findings(doctor):
    code, out = doctor("doctor", "--json")
    return code, [f"{found['state']} {found['detail']}" for found in orjson.loads(out)]


def test_every_server_is_named_with_its_version(doctor):
    code, told = findings(doctor)
    text = "\n".join(told)
    assert code == 0, text
    for server in ("PostgreSQL 1", "Elasticsearch 9.", "Redis ", "generation"):
        assert server in text
    assert text.count("Redis ") == 2, "queue and counters"
    assert "VERSITYGW" in text.upper() or "S3" in text


def found(doctor, state):
    """(part, detail, remedy) of the findings of one state."""
    _, out = doctor("doctor", "--json")
    return [
        (told["check"], told["detail"], told["remedy"])
        for told in orjson.loads(out)
        if told["state"] == state
    ]


def test_a_server_that_is_away_is_a_finding_and_hides_no_other(doctor):
    doctor.redis.kill()
    code, told = findings(doctor)
    text = "\n".join(told)
    assert code == 3, text
    assert "Elasticsearch 9." in text
    assert "Redis " not in text
    assert [line for line in told if line.startswith("fail")]
    remedies = "\n".join(remedy for _, _, remedy in found(doctor, "fail"))
    assert "jobs_url" in remedies
    assert "counters_url" in remedies


@pytest.mark.parametrize(
    ("cut", "part", "setting"),
    [
        ("database", "Database", "database_url"),
        ("index", "Search index", "search_url"),
        ("files", "File store", "files_url"),
    ],
)
def test_who_is_away_is_named_once_with_what_to_do(doctor, ways, cut, part, setting):
    ways[cut].refusing = True
    ways[cut].reset()
    failed = found(doctor, "fail")
    assert [name for name, _, _ in failed] == [part], failed
    assert setting in failed[0][2]
    assert "127.0.0.1" not in failed[0][1]
    answered = "\n".join(detail for _, detail, _ in found(doctor, "ok"))
    servers = {"database": "PostgreSQL 1", "index": "Elasticsearch 9.", "files": "proxied"}
    assert [name for name, text in servers.items() if text not in answered] == [cut]


def test_drift_is_counted_by_kind_and_mended_by_what_doctor_says(doctor):
    platform = assemble(doctor.settings)
    with platform.work(SYSTEM) as work:
        body = organizations.create(work, {"vi": "Sở Nông nghiệp"})
        made = datasets.create(work, complete_record(), publisher_id=body.id)
    index = platform.part(SearchIndex)
    index.write([], [(made.id, index.sequences()[made.id][0])])
    platform.close()
    (failed,) = found(doctor, "fail")
    assert "1 missing, 0 outdated, 0 too many" in failed[1]
    assert "opendata search check --repair" in failed[2]
    assert doctor("search", "check", "--repair")[0] == 0
    assert found(doctor, "fail") == []


def test_an_index_of_another_release_asks_for_a_rebuild(doctor, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(generations, "schema_hash", lambda: "0" * 12)
        assert doctor("search", "rebuild")[0] == 0
    (told,) = [told for told in found(doctor, "warn") if told[0] == "Search index"]
    assert "000000000000" in told[1]
    assert "opendata search rebuild" in told[2]
    assert doctor("search", "rebuild")[0] == 0
    assert [told for told in found(doctor, "warn") if told[0] == "Search index"] == []


def test_a_rebuild_that_was_killed_is_told(doctor):
    assert [told for told in found(doctor, "warn") if told[0] == "Search index"] == []
    platform = assemble(doctor.settings)
    left = platform.part(SearchIndex)._generations
    with left.lease().held():
        left.begin()
        assert "rebuilt" in "\n".join(detail for _, detail, _ in found(doctor, "ok"))
    (told,) = [told for told in found(doctor, "warn") if told[0] == "Search index"]
    assert "unfinished" in told[1]
    indexing.watch(platform)
    assert [told for told in found(doctor, "warn") if told[0] == "Search index"] == []
    platform.close()


def test_an_index_that_is_lost_is_told_and_what_to_do(doctor, elastic_server):
    platform = assemble(doctor.settings)
    with platform.work(SYSTEM) as work:
        body = organizations.create(work, {"vi": "Sở Nông nghiệp"})
        datasets.create(work, complete_record(), publisher_id=body.id)
    elastic_server.delete(f"/{doctor.name}-*")
    (told,) = [told for told in found(doctor, "fail") if told[0] == "Search index"]
    assert "reduced" in told[1]
    assert "opendata search rebuild" in told[2]
    assert doctor("search", "rebuild")[0] == 0
    assert found(doctor, "fail") == []
    platform.close()


def test_copies_that_are_missing_are_told_while_the_index_is_whole(doctor, elastic_server):
    doctor("search", "rebuild")
    elastic_server.put(
        f"/{doctor.name}/_settings", {"index": {"auto_expand_replicas": False, "number_of_replicas": 1}}
    )
    (told,) = [told for told in found(doctor, "warn") if told[0] == "Search index"]
    assert "copies are missing" in told[1]
    assert "replicas" in told[2]


def test_a_database_that_is_behind_or_ahead_is_told_what_to_do(doctor):
    platform = assemble(doctor.settings)
    for version, cure in (("0001", "opendata migrate"), ("9999", "newer program")):
        with platform.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
        ((part, detail, remedy),) = found(doctor, "fail")
        assert part == "Database"
        assert version in detail
        assert cure in remedy
    platform.close()


def test_a_timetable_that_nobody_keeps_or_that_fails_is_told(doctor):
    def of_timetable(state):
        return [told[1:] for told in found(doctor, state) if told[0] == "Timetable"]

    ((detail, remedy),) = of_timetable("warn")
    assert "No worker" in detail
    assert "opendata worker" in remedy
    platform = assemble(doctor.settings)
    timetable = platform.part(Timetable)
    timetable.tick()
    assert of_timetable("warn") == []
    assert "all on time" in of_timetable("ok")[0][0]
    with platform.engine.begin() as connection:
        connection.execute(
            update(TimetableEntry)
            .where(TimetableEntry.name == "search.drift")
            .values(problem="ValueError: no luck")
        )
    assert "search.drift failed the last time: ValueError: no luck" in of_timetable("warn")[0][0]
    with platform.engine.begin() as connection:
        connection.execute(update(TimetableEntry).values(next_due=utc_now() - timedelta(hours=1)))
    assert any("No worker" in detail for detail, _ in of_timetable("warn"))
    platform.close()
