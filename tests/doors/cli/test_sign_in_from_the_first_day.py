"""`opendata login` works against a new installation: its own client is there without anybody's doing."""

import re
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
import requests
from werkzeug.serving import make_server

from opendata.app import create_app
from opendata.assembly import assemble, prepare
from opendata.base.models import OAuthClient, User
from opendata.base.runtime import SYSTEM, Platform
from opendata.doors.cli import remote, run
from opendata.doors.http.identity import COOKIE, TOKEN_FIELD
from opendata.services.access import people, sessions
from opendata.services.access.authenticator import Authenticator
from opendata.services.access.oauth import own_client
from opendata.settings import load
from opendata.testing.servers.scratch import free_port

PASSWORD = "mật khẩu rất dài"
EMAIL = "quan-tri@haiphong.example"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def installed(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Platform]:
    """What `opendata init` leaves, listening on this machine."""
    monkeypatch.setattr("sys.stdin", StringIO(PASSWORD + "\n"))
    folder = tmp_path / "portal"
    address = f"http://127.0.0.1:{port}"
    code = run(["init", str(folder), "--base-url", address, "--email", EMAIL, "--password-stdin"])
    assert code == 0, capsys.readouterr()
    platform = assemble(
        load(folder / "opendata.toml", overrides={"log_level": "ERROR", "worker_in_web": False})
    )
    server = make_server("127.0.0.1", port, create_app(platform=platform), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield platform
    server.shutdown()
    thread.join()
    server.server_close()
    platform.close()


def allow(platform: Platform, address: str, code: str) -> None:
    """A person types the code into a browser."""
    with platform.work(SYSTEM) as work:
        opened = sessions.start(work, people.get(work, EMAIL), hours=1)
    answer = requests.post(
        f"{address}/oauth/device",
        {"user_code": code, "decision": "allow", TOKEN_FIELD: opened.csrf},
        cookies={COOKIE: opened.token},
        timeout=10,
    )
    assert answer.status_code == 200


def test_the_command_line_signs_in_to_a_new_portal(
    installed: Platform,
    port: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    address = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def approve(_seconds: float) -> None:
        found = re.search(r"[A-Z]{4}-[A-Z]{4}", capsys.readouterr().err)
        if found:
            allow(installed, address, found[0])

    defaults = {**(remote.Portal.__init__.__kwdefaults__ or {}), "sleep": approve}
    monkeypatch.setattr(remote.Portal.__init__, "__kwdefaults__", defaults)
    assert run(["--lang", "en", "login", address, "--scope", "read", "--scope", "admin"]) == 0
    capsys.readouterr()
    assert run(["login", address, "--token"]) == 0
    token = capsys.readouterr().out.strip()
    credential = installed.part(Authenticator).read_token(token)
    with installed.read() as work:
        person = work.session.query(User).one()
    assert credential.caller.user_id == person.id
    assert credential.caller.operator
    assert credential.owner == f"user:{person.id}", "what is used counts on the person, not on all who use it"
    assert credential.caller.home is None


def test_preparing_again_changes_nothing(tmp_path: Path) -> None:
    platform = assemble(
        load(None, overrides={"data_dir": str(tmp_path), "log_level": "ERROR", "mode": "test"})
    )
    prepare(platform)
    with platform.work(SYSTEM) as work:
        client = work.session.get_one(OAuthClient, own_client.CLIENT_ID)
        client.name = "Renamed by the operator"
        before = client.application_id
    prepare(platform)
    with platform.read() as work:
        client = work.session.get_one(OAuthClient, own_client.CLIENT_ID)
        assert (client.name, client.application_id) == ("Renamed by the operator", before)
    platform.close()


def test_both_sides_mean_the_same_client() -> None:
    assert remote.CLIENT_ID == own_client.CLIENT_ID
