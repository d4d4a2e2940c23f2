"""An embedded installation carried over to the real servers answers as it did before."""

import hashlib
import re
import secrets
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, select, text

from opendata.app import create_app
from opendata.assembly import assemble
from opendata.base.models import Base, OutboxEntry, User, migrations
from opendata.base.runtime import SYSTEM
from opendata.base.runtime.carrying import TargetNotEmpty
from opendata.base.runtime.database import connect
from opendata.doors.cli import run
from opendata.doors.http.identity import COOKIE
from opendata.services.access import sessions
from opendata.services.catalog import indexing
from opendata.settings import load
from opendata.testing.databases import new_database
from opendata.testing.records import complete_record
from opendata.testing.servers.scratch import free_port
from opendata.testing.web import ApiClient, City, build_city

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


# --- the ten lines, as an operator says them ---------------------------------------------------------------

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(sys.executable).with_name("opendata")


def ten_lines(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = [block.strip() for block in text.split("```")[1::2]]
    return next(block for block in blocks if "init --from" in block).splitlines()


def test_the_readme_and_the_page_of_the_scaled_mode_say_the_same_ten_lines():
    assert ten_lines("README.md") == ten_lines("docs/scaling.md")
    assert [line.partition("# ")[2].split()[0] for line in ten_lines("README.md")] == [
        str(n + 1) for n in range(10)
    ]


def peppers_of(settings):
    """What the city's keys and signatures lie under."""
    return (settings.data / "peppers").read_text(encoding="ascii")


def settings_file(path, settings, **values):
    kept = {name: getattr(settings, name) for name in ("mode", "base_url", "secret_key")}
    values = {**kept, "data_dir": settings.data_dir, "log_level": "ERROR", **values}
    lines = [f'{name} = "{value}"' for name, value in values.items()]
    path.write_text(
        "\n".join([*lines, f'key_peppers = ["{peppers_of(settings)}"]', "worker_in_web = false", ""])
    )


def email_of(city, role):
    with city.platform.read(SYSTEM) as work:
        return work.session.get_one(User, city.users[role]).email


def session_of(city, config):
    """The cookie of somebody who signed in at the old installation."""
    platform = assemble(load(config))
    with platform.work(SYSTEM) as work:
        token = sessions.start(work, work.session.get_one(User, city.users["operator"]), hours=1).token
    platform.close()
    return token


@dataclass
class Live:
    """A portal that runs in processes of its own, asked with a key and by somebody who is signed in."""

    port: int
    key: str
    session: str

    def get(self, path, **headers):
        return requests.get(
            f"http://127.0.0.1:{self.port}{path}", headers={"Host": "localhost", **headers}, timeout=30
        )

    def answers(self):
        """Every dataset as JSON, its files as digests, what the key may see, whose sign-in it is."""
        known = {"Authorization": f"Bearer {self.key}"}
        found = {path: self.get(path, **known).json() for path in PATHS}
        for row in found[PATHS[0]]["data"]:
            path = f"/api/v1/datasets/{row['id']}"
            found[path] = self.get(path, **known).json()
            for resource in found[path]["resources"]:
                if (resource["download_url"] or "").startswith("/"):
                    body = self.get(resource["download_url"], **known).content
                    found[resource["download_url"]] = (len(body), hashlib.sha256(body).hexdigest())
                    assert hashlib.sha256(body).hexdigest() == resource["sha256"]
        found["me"] = self.get("/api/v1/me", **known).json()
        signed_in = self.get("/account", Cookie=f"{COOKIE}={self.session}")
        found["account"] = (signed_in.status_code, signed_in.url)
        return {path: without_request_ids(answer) for path, answer in found.items()}


def without_request_ids(answer):
    return {k: v for k, v in answer.items() if k != "request_id"} if isinstance(answer, dict) else answer


@contextmanager
def running(*commands):
    """In sessions of their own, ended as a service manager does."""
    started = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for command in commands]
    try:
        yield started
        assert [process.poll() for process in started] == [None] * len(started)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def until_ready(port):
    end = time.monotonic() + 180
    while time.monotonic() < end:
        try:
            answer = requests.get(
                f"http://127.0.0.1:{port}/health/ready", headers={"Host": "localhost"}, timeout=10
            )
        except requests.ConnectionError:
            time.sleep(0.3)
            continue
        if answer.status_code == 200:
            return answer.json()
        time.sleep(0.3)
    raise AssertionError("the portal did not become ready")


def test_an_operator_moves_by_the_ten_lines(before, scaled, redis_server, tmp_path):
    counters = f"{redis_server.url}?name=c{secrets.token_hex(4)}"
    old, new = tmp_path / "old.toml", tmp_path / "new.toml"
    settings_file(old, before.platform.settings)
    settings_file(
        new, before.platform.settings, **scaled, counters_url=counters, data_dir=str(tmp_path / "host")
    )
    before.platform.close()
    config = ["--config", str(old)]
    subprocess.run([PROGRAM, *config, "search", "rebuild"], check=True, capture_output=True)
    asked = [PROGRAM, *config, "key", "create", email_of(before, "operator"), "--scope", "read"]
    asked += ["--scope", "download", "--scope", "harvest"]
    key = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()[-1]
    port = free_port()
    live = Live(port, key, session_of(before, old))
    with running([PROGRAM, *config, "serve", "--port", str(port)]):
        until_ready(port)
        expected = live.answers()
    assert expected["account"] == (200, f"http://127.0.0.1:{port}/account")
    assert len(expected) > 10

    said = {
        "new.toml": str(new),
        "old.toml": str(old),
        "/srv/opendata/data": before.platform.settings.data_dir,
    }
    said |= {"--workers 4": f"--workers 2 --port {port}", "opendata ": f"{PROGRAM} "}
    lines = [re.split(r"\s+# ", line)[0].split("# ")[0] for line in ten_lines("README.md")]
    for word, meant in said.items():
        lines = [line.replace(word, meant) if line.startswith("opendata") else line for line in lines]
    one, two, _stop, four, five, six, seven = (line.split() for line in lines[:7])
    for command in (one, two, four, five):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        if command is one:
            said_by_settings = done.stdout
    assert peppers_of(before.platform.settings).partition(":")[2] not in said_by_settings
    with running(six, seven):
        assert set(until_ready(port)["parts"].values()) == {"ok"}
        told = live.answers()
    assert told.keys() == expected.keys()
    for path, answer in expected.items():
        assert told[path] == answer, path


def test_a_move_without_the_peppers_is_told_by_the_doctor(before, scaled, tmp_path, capsys):
    old, new = tmp_path / "old.toml", tmp_path / "new.toml"
    settings_file(old, before.platform.settings)
    settings_file(new, before.platform.settings, **scaled, data_dir=str(tmp_path / "host"))
    email = email_of(before, "operator")
    before.platform.close()
    assert run(["--config", str(old), "key", "create", email, "--scope", "read"]) == 0
    assert run(["--config", str(new), "init", "--from", before.platform.settings.data_dir]) == 0
    assert run(["--config", str(new), "doctor"]) == 0
    new.write_text(new.read_text().replace('"dev:', '"lost:'))
    capsys.readouterr()
    assert run(["--config", str(new), "--lang", "en", "doctor"]) == 3
    assert "former key_peppers" in capsys.readouterr().out
