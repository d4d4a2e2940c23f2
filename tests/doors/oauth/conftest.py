"""A city with OAuth2 clients in it, and a browser that consents."""

import html
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from authlib.common.security import generate_token
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from opendata.base.kit.clock import utc_now
from opendata.base.runtime import SYSTEM, Platform
from opendata.doors.http.identity import COOKIE, TOKEN_HEADER
from opendata.services.access import applications, people, sessions
from opendata.services.access.oauth import addresses, clients
from opendata.testing import modes
from opendata.testing.processes import Web, migrate, settings_file
from opendata.testing.web import City, build_city, close_city

CALLBACK = "https://app.example/cb?next=%2Fa%2Fb"
EVERY = ["read", "download", "query", "publish"]


@dataclass
class Office:
    """A portal and short ways to what its clients do."""

    city: City
    number: int = 0
    ahead: timedelta = timedelta()

    @property
    def platform(self) -> Platform:
        return self.city.platform

    def register(self, *, role="editor", app_scopes=EVERY, may_introspect=False, **values):
        """(client id, secret or None) of a client of a new application of somebody."""
        self.number += 1
        with self.platform.work() as work:
            user = people.by_id(work, self.city.users[role])
            user.confirmed_at = work.now
            work.caller = people.caller_of(work, user)
            name = f"Ứng dụng {self.number}"
            application = applications.create(work, name, wanted=app_scopes)
            made = clients.create(work, application, name, **values)
            made.client.may_introspect = may_introspect
        return made.client.id, made.text

    def server(self, **values):
        """A confidential client that acts for itself."""
        return self.register(grants=[addresses.CREDENTIALS], **values)

    def web(self, **values):
        """A public client that acts for people."""
        values = {
            "auth_method": "none",
            "grants": [addresses.CODE, addresses.REFRESH],
            "redirect_uris": [CALLBACK],
            **values,
        }
        return self.register(**values)[0]

    def box(self, **values):
        """A public client without a browser."""
        return self.register(auth_method="none", grants=[addresses.DEVICE, addresses.REFRESH], **values)[0]

    def post(self, path, data, **options) -> TestResponse:
        return self.city.app.test_client().post(path, data=data, **options)

    def token(self, data, **options) -> TestResponse:
        return self.post("/oauth/token", data, **options)

    def get(self, token, path="/api/v1/datasets") -> TestResponse:
        return self.city.app.test_client().get(path, headers={"Authorization": f"Bearer {token}"})

    def question(self, client_id, verifier, /, **changes) -> dict[str, str]:
        """The parameters at the authorization endpoint; None takes one away."""
        usual = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "state": "st&te",
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**usual, **changes}.items() if value is not None}

    def code(self, client_id, verifier, /, *, role="editor", **changes) -> str:
        """A code for what somebody has agreed to."""
        answer = self.consent(client_id, verifier, role=role, **changes)
        return query_of(answer)["code"]

    def consent(self, client_id, verifier, *, role="editor", decision="allow", **changes) -> TestResponse:
        browser = self.city.client(role)
        page = browser.get("/oauth/authorize", query_string=self.question(client_id, verifier, **changes))
        assert page.status_code == 200, page.text
        return browser.post("/oauth/authorize", data={**hidden(page), "decision": decision})

    def exchange(self, client_id, code, verifier, **changes) -> TestResponse:
        data = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": verifier,
            **changes,
        }
        return self.token({name: value for name, value in data.items() if value is not None})

    def tokens(self, client_id, **changes) -> dict:
        """The answer of the token endpoint for a person's consent."""
        verifier = generate_token(48)
        return self.exchange(client_id, self.code(client_id, verifier, **changes), verifier).get_json()

    def refresh(self, client_id, token, **more) -> TestResponse:
        return self.token(
            {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": token, **more}
        )

    @staticmethod
    def query_of(answer: TestResponse) -> dict[str, str]:
        """What a redirect carries back."""
        return query_of(answer)

    def seconds_later(self, seconds: float) -> None:
        """Time goes on for the whole portal. It never goes back, as limits count on."""
        self.ahead += timedelta(seconds=seconds)
        ahead = self.ahead
        self.platform.clock = lambda: utc_now() + ahead

    def now(self) -> datetime:
        return self.platform.clock()


def hidden(page: TestResponse) -> dict[str, str]:
    """The hidden fields of the page's form, as a browser would send them."""
    form = page.text[page.text.index('<form class="form"') :]
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in found}


def query_of(answer: TestResponse) -> dict[str, str]:
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query, keep_blank_values=True))


@pytest.fixture(scope="package")
def oauth_city(engines, tmp_path_factory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("oauth")
    made = build_city(folder)
    yield made
    close_city(made, folder)


@pytest.fixture(scope="package")
def offices(oauth_city) -> Office:
    return Office(oauth_city)


@pytest.fixture
def office(offices) -> Office:
    """The applications a person may own are many here: every test makes its own."""
    object.__setattr__(offices.platform.settings, "apps_per_user", 10_000)
    return offices


@pytest.fixture
def own_office(engines, tmp_path) -> Iterator[Office]:
    """A portal of the test alone, in which years may go by."""
    city = build_city(tmp_path)
    yield Office(city)
    close_city(city, tmp_path)


@pytest.fixture
def browser(office) -> FlaskClient:
    return office.city.client("editor")


@pytest.fixture
def verifier() -> str:
    return generate_token(48)


WORKERS = 4


def web_of(folder: Path, city: City) -> Web:
    """`opendata serve` over the city of a test, at an address it knows itself."""
    settings = city.platform.settings
    web = Web(folder, folder / "portal.toml", workers=WORKERS)
    urls = ("database_url", "files_url", "jobs_url", "counters_url")
    shared = {name: value for name in urls if not (value := getattr(settings, name)).startswith("memory:")}
    values = {
        "data_dir": settings.data_dir,
        "base_url": web.url,
        "mode": "test",
        "log_level": "ERROR",
        "worker_in_web": False,
        "floor_per_second": 0,
        "trusted_proxies": 1,
        "workers": WORKERS,
        **shared,
        "guard_limits": settings.guard_limits,
    }
    settings_file(web.config, values)
    return web


@dataclass
class Portal(Office):
    """A portal whose workers are processes of their own; people and clients are made past them."""

    web: Web | None = None

    @property
    def url(self) -> str:
        return self.web.url

    def browser(self, role: str = "editor") -> requests.Session:
        """Somebody's browser, which keeps the token of its forms in `headers`."""
        with self.platform.work(SYSTEM) as work:
            opened = sessions.start(work, people.by_id(work, self.city.users[role]), hours=1)
        browser = requests.Session()
        browser.cookies.set(COOKIE, opened.token)
        browser.headers[TOKEN_HEADER] = opened.csrf
        return browser

    def presented(self, token: str) -> int:
        """What a worker, whichever takes the connection, says to a token that comes from some network."""
        network = f"198.{random.randrange(18, 20)}.{random.randrange(256)}.{random.randrange(256)}"
        headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": network}
        return requests.get(f"{self.url}/api/v1/me", headers=headers, timeout=20).status_code

    def everywhere(self, token: str) -> set[int]:
        """The same, as often as is likely to leave none of four workers out (one in 25,000 does)."""
        return {self.presented(token) for _ in range(10 * WORKERS)}

    def dead_everywhere(self, token: str) -> bool:
        """A second after its end. Where the machine is too busy for the watch of every worker to have had its
        turn, a little later."""
        for pause in (1, 1, 2):
            time.sleep(pause)
            if self.everywhere(token) == {401}:
                return True
        return False

    def command(self, *arguments: str) -> str:
        """What `opendata …` prints, in a process of its own."""
        line = [sys.executable, "-m", "opendata", "--config", str(self.web.config), *arguments]
        return subprocess.run(line, check=True, capture_output=True, text=True, timeout=120).stdout


def migrated(folder: Path) -> None:
    """The server starts on a database of this release alone."""
    chosen = modes.engine_settings(folder)
    migrate(chosen.get("database_url") or f"sqlite:///{folder}/opendata.db")


@pytest.fixture(scope="package")
def portal(engines, tmp_path_factory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("portal")
    migrated(folder)
    city = build_city(folder)
    web = web_of(folder, city)
    object.__setattr__(city.platform.settings, "base_url", web.url)
    object.__setattr__(city.platform.settings, "apps_per_user", 10_000)
    with web:
        yield Portal(city, web=web)
    close_city(city, folder)


@pytest.fixture
def live(engines, tmp_path) -> Iterator[tuple[str, Office]]:
    """(address, office) of a portal that listens on loopback."""
    city = build_city(tmp_path)
    server = make_server("127.0.0.1", 0, city.app, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    object.__setattr__(city.platform.settings, "base_url", address)
    object.__setattr__(city.platform.settings, "apps_per_user", 10_000)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield address, Office(city)
    server.shutdown()
    thread.join()
    server.server_close()
    close_city(city, tmp_path)
