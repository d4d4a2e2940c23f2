"""Sign-in through an OpenID Connect provider that runs as a process of its own on loopback."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3

from opendata.base.models import User
from opendata.base.runtime import SYSTEM
from opendata.services.access import accounts, people, provider, second_factor
from opendata.services.access.provider import Provider
from opendata.testing.web import City

PERSON = {"sub": "s-1", "email": "can.bo@city.example", "email_verified": True, "name": "Cán Bộ"}
HTTP = urllib3.PoolManager()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    script = Path(__file__).with_name("provider_process.py")
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@pytest.fixture
def door(city: City, port: int) -> City:
    """The city with this provider."""
    settings = replace(
        city.platform.settings,
        oidc_issuer=f"http://127.0.0.1:{port}",
        oidc_name="Cổng định danh",
        oidc_client_id="portal",
        oidc_client_secret="the portal's secret",
    )
    city.platform.register(Provider, Provider(settings))
    return city


def as_person(port: int, **changes: Any) -> None:
    """Whom the provider signs in next, and how it behaves."""
    body = {"person": json.dumps({**PERSON, **changes})}
    HTTP.request("POST", f"http://127.0.0.1:{port}/person", fields=body, encode_multipart=False)


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def sent_off(city: City, client: Any) -> str:
    """Where the browser is sent to."""
    page = client.get("/sign-in?next=/developers/apps")
    assert "Cổng định danh" in page.text
    assert "form-action 'self' http://127.0.0.1" in page.headers["Content-Security-Policy"]
    answer = client.post(
        "/sign-in/provider", data={"csrf_token": token_in(page.text), "next": "/developers/apps"}
    )
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def come_back(address: str) -> str:
    """The provider asks nothing; the path it sends the browser back to."""
    answer = HTTP.request("GET", address, redirect=False)
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}"


def signed_in(city: City) -> tuple[Any, Any]:
    client = city.client()
    return client, client.get(come_back(sent_off(city, client)))


def test_a_new_person_comes_in_and_goes_where_they_wanted(door: City, port: int) -> None:
    as_person(port)
    client, answer = signed_in(door)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/developers/apps")
    assert "Cán Bộ" in client.get("/account").text
    with door.platform.read() as work:
        user = people.get(work, PERSON["email"])
    assert user.confirmed_at is not None
    assert user.password_hash is None
    assert (user.idp_subject, user.idp_issuer) == ("s-1", f"http://127.0.0.1:{port}")


def test_the_same_person_is_the_same_account_whatever_the_address(door: City, port: int) -> None:
    as_person(port)
    signed_in(door)
    as_person(port, email="dia.chi.khac@city.example")
    signed_in(door)
    with door.platform.read() as work:
        assert people.find(work, "dia.chi.khac@city.example") is None


def test_an_address_is_believed_only_when_the_provider_vouches_for_it(door: City, port: int) -> None:
    with door.platform.work(SYSTEM) as work:
        known = people.create(work, "chu.nhan@city.example", "Chủ Nhân", "a long enough password").id
    for verified in (False, None, "true", 1):
        as_person(port, sub=f"s-{verified}", email="chu.nhan@city.example", email_verified=verified)
        signed_in(door)
    with door.platform.read() as work:
        assert work.session.get_one(User, known).idp_subject is None
    as_person(port, sub="s-2", email="Chu.Nhan@city.example")
    signed_in(door)
    with door.platform.read() as work:
        assert work.session.get_one(User, known).idp_subject == "s-2"
    as_person(port, sub="s-3", email="chu.nhan@city.example")
    _, answer = signed_in(door)
    assert answer.status_code == 401  # the account is another subject's


@pytest.mark.parametrize("mode", ["foreign key", "shared", "none"])
def test_a_token_that_is_not_signed_by_the_provider_is_refused(door: City, port: int, mode: str) -> None:
    as_person(port, mode=mode)
    _, answer = signed_in(door)
    assert answer.status_code == 401


def test_a_token_that_two_readers_could_understand_differently_is_refused(door: City, port: int) -> None:
    as_person(port, mode="twice")
    _, answer = signed_in(door)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": ["portal", "another"], "azp": "another"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"iat": 99999999999},
        {"sub": None},
        {"email": "no address"},
    ],
    ids=str,
)
def test_claims_that_do_not_fit_are_refused(door: City, port: int, claims: dict[str, Any]) -> None:
    as_person(port, **claims)
    client, answer = signed_in(door)
    assert answer.status_code == 401
    assert client.get("/account").status_code == 401


def test_an_answer_is_for_the_browser_that_asked_and_for_once(door: City, port: int) -> None:
    """OAU-05: another's state, a state used twice, another issuer, no state."""
    as_person(port)
    client, victim = door.client(), door.client()
    back = come_back(sent_off(door, client))
    assert victim.get(back).status_code == 422  # sign-in of a victim into the attacker's account
    wrong = re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fevil.example", back)
    assert client.get(wrong).status_code == 422
    for text in ("/sign-in/provider/done", "/sign-in/provider/done?state=x&code=y"):
        assert client.get(text).status_code == 422
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 422


@pytest.mark.parametrize(
    ("mode", "status"), [("names itself", 422), ("plain", 303)], ids=["announced", "not announced"]
)
def test_an_answer_without_an_issuer_is_taken_from_a_provider_that_announces_none(
    door: City, port: int, mode: str, status: int
) -> None:
    as_person(port, mode=mode)
    client = door.client()
    back = come_back(sent_off(door, client))
    assert client.get(re.sub(r"&iss=[^&]+", "", back)).status_code == status
    if status == 422:
        assert client.get(back).status_code == 303  # the state is still good for the true answer


def test_a_second_factor_is_asked_for_here_too(door: City, port: int) -> None:
    as_person(port)
    signed_in(door)
    with door.platform.work(SYSTEM) as work:
        user = people.get(work, PERSON["email"])
        user.totp_secret = second_factor._seal(work, user, "JBSWY3DPEHPK3PXP")
    client, answer = signed_in(door)
    assert answer.status_code == 200
    assert 'name="pending"' in answer.text
    assert client.get("/account").status_code == 401


def test_a_blocked_person_stays_out(door: City, port: int) -> None:
    as_person(port)
    signed_in(door)
    with door.platform.work(SYSTEM) as work:
        accounts.block(work, people.get(work, PERSON["email"]), reason="thử")
    client, answer = signed_in(door)
    assert answer.status_code == 401
    assert client.get("/account").status_code == 401


def test_a_provider_that_is_away_is_a_fault_of_its_own(city: City) -> None:
    settings = replace(city.platform.settings, oidc_issuer="http://127.0.0.1:9", oidc_client_id="x")
    city.platform.register(Provider, Provider(settings))
    client = city.client()
    token = token_in(client.get("/sign-in").text)
    assert client.post("/sign-in/provider", data={"csrf_token": token}).status_code == 503


@pytest.fixture
def fresh(city: City) -> Provider:
    """A provider whose document has not been read yet."""
    settings = replace(city.platform.settings, oidc_issuer="https://idp.example", oidc_client_id="x")
    made = Provider(settings)
    city.platform.register(Provider, made)
    return made


def test_others_write_while_the_provider_is_read(
    city: City, fresh: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_url: str) -> dict[str, Any]:
        with city.platform.work(SYSTEM) as work:
            work.session.get_one(User, city.users["spare"]).name = "Người khác"
        return {"issuer": "https://idp.example", "authorization_endpoint": "https://idp.example/go"}

    monkeypatch.setattr(fresh, "_read", read)
    with city.platform.work() as work:
        assert provider.begin(work, target="/").address.startswith("https://idp.example/go?")


def test_a_provider_that_did_not_answer_is_not_asked_again_at_once(
    fresh: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def read(url: str) -> dict[str, Any]:
        asked.append(url)
        raise provider.ProviderAway

    def tried() -> int:
        with pytest.raises(provider.ProviderAway):
            _ = fresh.document
        return len(asked)

    monkeypatch.setattr(fresh, "_read", read)
    monkeypatch.setattr(provider, "AGAIN", 0)
    assert (tried(), tried()) == (1, 2)
    monkeypatch.setattr(provider, "AGAIN", 3600)
    assert (tried(), tried(), tried()) == (3, 3, 3)


def test_who_brings_nothing_back_makes_nobody_ask_the_provider(
    city: City, fresh: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh, "_read", pytest.fail)
    for query in ("iss=x", "state=&iss=https://idp.example", "state=a&iss=x", ""):
        assert city.client().get(f"/sign-in/provider/done?{query}").status_code == 422
