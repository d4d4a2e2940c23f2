"""`opendata doctor` on the real servers: each by name and version, and the one that is away."""

import secrets

import orjson
import pytest

from opendata.doors.cli import run
from opendata.testing.databases import new_database
from opendata.testing.server_fixtures import start_or_skip
from opendata.testing.servers import RedisServer


@pytest.fixture
def doctor(tmp_path, postgres_server, elastic_server, s3_server, server_folder, capsys):
    redis = start_or_skip(RedisServer(server_folder))
    name = f"h{secrets.token_hex(4)}"
    settings = {
        "data_dir": str(tmp_path),
        "database_url": new_database(postgres_server),
        "search_url": f"elasticsearch://127.0.0.1:{elastic_server.port}/{name}?timeout=20&replicas=0",
        "files_url": s3_server.address(name),
        "jobs_url": f"{redis.url}?name={name}",
        "counters_url": f"{redis.url}?name={name}",
    }

    def ask(*words, lang="en"):
        capsys.readouterr()
        code = run(["--lang", lang, *words], settings=settings)
        return code, capsys.readouterr().out

    ask.redis = redis
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


def test_a_server_that_is_away_is_a_finding_and_hides_no_other(doctor):
    doctor.redis.kill()
    code, told = findings(doctor)
    text = "\n".join(told)
    assert code == 3, text
    assert "Elasticsearch 9." in text
    assert "Redis " not in text
    assert [line for line in told if line.startswith("fail")]
