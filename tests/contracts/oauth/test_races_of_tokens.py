"""Codes and tokens that come several times at once, on each database."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from authlib.common.security import generate_token
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from opendata.assembly import assemble
from opendata.base.models import Base, OAuthGrant, User
from opendata.base.runtime import Platform
from opendata.services.access import applications, people
from opendata.services.access.oauth import addresses, clients, consent, device, server
from opendata.services.access.oauth.messages import Answer, Request
from opendata.settings import Settings
from opendata.testing.databases import new_database

CALLBACK = "https://app.example/cb"
TIMES = 6


@pytest.fixture(params=["sqlite", "postgresql"])
def platform(request: pytest.FixtureRequest, tmp_path) -> Iterator[Platform]:
    url = "" if request.param == "sqlite" else new_database(request.getfixturevalue("postgres_server"))
    settings = Settings(
        data_dir=str(tmp_path), mode="test", search_url="memory://", database_url=url, log_level="ERROR"
    )
    made = assemble(settings)
    Base.metadata.create_all(made.engine)
    with made.work() as work:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        work.session.add(
            User(email="a@b.example", email_key="a@b.example", name="A", created=now, confirmed_at=now)
        )
    yield made
    made.close()


def as_person(platform: Platform, act: Callable):
    with platform.work() as work:
        work.caller = people.caller_of(work, people.get(work, "a@b.example"))
        return act(work)


def client(platform: Platform, *grants: str) -> str:
    def make(work):
        application = applications.create(work, generate_token(8))
        redirects = [CALLBACK] if addresses.CODE in grants else []
        made = clients.create(
            work, application, "A", grants=grants, auth_method="none", redirect_uris=redirects
        )
        return made.client.id

    return as_person(platform, make)


def post(platform: Platform, **values: str) -> Answer:
    return server.token(platform, Request("POST", "/oauth/token", list(values.items())))


def code(platform: Platform, client_id: str, verifier: str) -> str:
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": CALLBACK,
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    request = Request("POST", "/oauth/authorize", list(asked.items()))
    answer = as_person(platform, lambda work: consent.decide(work, request, approved=True))
    return answer.location.split("code=")[1].split("&")[0]


def at_once(act: Callable[[], Answer]) -> list[Answer]:
    gate, answers = threading.Barrier(TIMES), []

    def run() -> None:
        gate.wait()
        answers.append(act())

    threads = [threading.Thread(target=run) for _ in range(TIMES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == TIMES
    return answers


def redeem(platform: Platform, client_id: str, text: str, verifier: str) -> Answer:
    return post(
        platform,
        grant_type=addresses.CODE,
        client_id=client_id,
        code=text,
        redirect_uri=CALLBACK,
        code_verifier=verifier,
    )


def refresh(platform: Platform, client_id: str, text: str) -> Answer:
    return post(platform, grant_type="refresh_token", client_id=client_id, refresh_token=text)


def test_one_of_many_redeems_a_code_and_its_tokens_end(platform) -> None:
    client_id, verifier = client(platform, addresses.CODE, addresses.REFRESH), generate_token(48)
    text = code(platform, client_id, verifier)
    answers = at_once(lambda: redeem(platform, client_id, text, verifier))
    assert sorted(answer.status for answer in answers) == [200] + [400] * (TIMES - 1)
    with platform.read() as work:
        (family,) = work.session.query(OAuthGrant).all()
        assert family.revoked_at is not None


def test_one_of_many_redeems_a_device_code(platform) -> None:
    client_id = client(platform, addresses.DEVICE, addresses.REFRESH)
    begun = server.endpoint(
        platform, "device_authorization", Request("POST", "/", [("client_id", client_id)])
    ).body

    def approve(work):
        return device.decide(work, device.find(work, begun["user_code"]), approved=True)

    assert as_person(platform, approve)
    answers = at_once(
        lambda: post(
            platform,
            grant_type=addresses.DEVICE,
            client_id=client_id,
            device_code=begun["device_code"],
        )
    )
    assert sorted(answer.status for answer in answers) == [200] + [400] * (TIMES - 1)


def test_all_that_refresh_at_once_get_the_same_successor(platform) -> None:
    client_id, verifier = client(platform, addresses.CODE, addresses.REFRESH), generate_token(48)
    first = redeem(platform, client_id, code(platform, client_id, verifier), verifier).body
    answers = at_once(lambda: refresh(platform, client_id, first["refresh_token"]))
    assert [answer.status for answer in answers] == [200] * TIMES
    successors = {answer.body["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert refresh(platform, client_id, successors.pop()).status == 200


def test_a_family_that_was_copied_stays_dead(platform) -> None:
    client_id, verifier = client(platform, addresses.CODE, addresses.REFRESH), generate_token(48)
    first = redeem(platform, client_id, code(platform, client_id, verifier), verifier).body["refresh_token"]
    second = refresh(platform, client_id, first).body["refresh_token"]
    third = refresh(platform, client_id, second).body["refresh_token"]
    assert refresh(platform, client_id, first).status == 400
    assert refresh(platform, client_id, third).status == 400
    with platform.read() as work:
        (family,) = work.session.query(OAuthGrant).all()
        assert family.reuse_detected_at is not None
