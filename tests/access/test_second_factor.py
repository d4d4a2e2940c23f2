"""The second step of a sign-in: a code works once, five tries, and no fault gives one back."""

import random
import re
import time
from typing import Any

import pyotp
import pytest
from sqlalchemy import select

from opendata.base.models import User, UserToken
from opendata.base.runtime import SYSTEM
from opendata.doors.http.identity import COOKIE
from opendata.services.access import people, second_factor
from opendata.testing.web import City

PASSWORD = "a long enough password"
EMAIL = "hai.buoc@city.example"
SEED = random.randrange(2**32)


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found is not None, page[:500]
    return found[1]


@pytest.fixture
def person(city: City) -> str:
    with city.platform.work(SYSTEM) as work:
        return people.create(work, EMAIL, "Hai Bước", PASSWORD).id


def first_step(city: City) -> tuple[Any, Any]:
    client = city.client()
    token = token_in(client.get("/sign-in").text)
    answer = client.post("/sign-in", data={"email": EMAIL, "password": PASSWORD, "csrf_token": token})
    return client, answer


def turned_on(city: City) -> tuple[str, list[str]]:
    """(secret, spare codes) of the person, turned on as a person does it."""
    client, _ = first_step(city)
    page = client.get("/account/security").text
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", page)
    assert found is not None
    secret = found[1].replace(" ", "")
    data = {"csrf_token": token_in(page), "action": "on", "offer": field(page, "offer")}
    answer = client.post("/account/security", data=data | {"code": pyotp.TOTP(secret).now()})
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    codes = re.findall(r"<code>([0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4})</code>", answer.text)
    assert len(codes) == 8
    assert client.get("/account").status_code == 200  # the browser that turned it on stays signed in
    return secret, codes


def second_step(client: Any, page: str, code: str) -> Any:
    data = {"csrf_token": token_in(page), "pending": field(page, "pending"), "code": code}
    return client.post("/sign-in/code", data=data)


def later(secret: str, steps: int = 1) -> str:
    totp = pyotp.TOTP(secret)

    return totp.generate_otp(int(time.time()) // 30 + steps)


@pytest.mark.usefixtures("person")
def test_a_password_alone_opens_nothing(city: City) -> None:
    secret, _ = turned_on(city)
    client, answer = first_step(city)
    assert answer.status_code == 200
    assert not any(COOKIE in text for text in answer.headers.getlist("Set-Cookie"))
    assert client.get("/account").status_code == 401
    assert second_step(client, answer.text, later(secret)).status_code == 303
    assert client.get("/account").status_code == 200


@pytest.mark.usefixtures("person")
def test_a_code_works_once(city: City) -> None:
    secret, _ = turned_on(city)
    code = later(secret)
    client, answer = first_step(city)
    assert second_step(client, answer.text, code).status_code == 303
    client, answer = first_step(city)
    assert second_step(client, answer.text, code).status_code == 401


@pytest.mark.usefixtures("person")
def test_five_tries_and_the_password_is_asked_for_again(city: City) -> None:
    secret, _ = turned_on(city)
    client, answer = first_step(city)
    page, chance = answer.text, random.Random(SEED)
    good = {later(secret, step) for step in (-1, 0, 1)}
    for _ in range(5):
        wrong = f"{chance.randrange(10**6):06}"
        while wrong in good:
            wrong = f"{chance.randrange(10**6):06}"
        assert second_step(client, page, wrong).status_code == 401
    refused = second_step(client, page, later(secret))
    assert refused.status_code == 401
    assert 'name="password"' in refused.text


@pytest.mark.usefixtures("person")
def test_a_spare_code_works_once_however_it_is_written(city: City) -> None:
    _, codes = turned_on(city)
    for code in (codes[0], codes[1].lower(), codes[2].replace("-", " ")):
        client, answer = first_step(city)
        assert second_step(client, answer.text, code).status_code == 303
        client, answer = first_step(city)
        assert second_step(client, answer.text, code).status_code == 401


@pytest.mark.parametrize(
    "code", ["", " ", "000000", "abcdef", "1" * 1000, "\u0661\u0662\u0663\u0664\u0665\u0666", "-"]
)
@pytest.mark.usefixtures("person")
def test_what_is_no_code_is_refused(city: City, code: str) -> None:
    turned_on(city)
    client, answer = first_step(city)
    assert second_step(client, answer.text, code).status_code == 401


def test_the_database_holds_neither_secret_nor_codes(city: City, person: str) -> None:
    secret, codes = turned_on(city)
    with city.platform.read() as work:
        stored = work.session.get_one(User, person).totp_secret or ""
        digests = work.session.scalars(select(UserToken.digest)).all()
    assert secret not in stored
    assert all(code.replace("-", "").encode() not in digest for code in codes for digest in digests)


def test_turning_it_off_takes_a_code(city: City, person: str) -> None:
    secret, _ = turned_on(city)
    client, answer = first_step(city)
    second_step(client, answer.text, later(secret))
    page = client.get("/account/security").text
    data = {"csrf_token": token_in(page), "action": "off", "code": "000000"}
    assert client.post("/account/security", data=data).status_code == 401
    with city.platform.work(SYSTEM) as work:
        second_factor.remove(work, work.session.get_one(User, person), reason="mất máy")
    _, answer = first_step(city)
    assert answer.status_code == 303


def test_an_offer_made_to_another_turns_nothing_on(city: City, person: str) -> None:
    with city.platform.work(SYSTEM) as work:
        other = work.session.get_one(User, city.users["member"])
        secret, sealed = second_factor.offer(work, other)
        with pytest.raises(second_factor.Invalid):
            second_factor.turn_on(work, work.session.get_one(User, person), sealed, pyotp.TOTP(secret).now())


@pytest.mark.usefixtures("person")
def test_other_sessions_are_ended_and_this_one_goes_on(city: City) -> None:
    (first, _), (second, _) = first_step(city), first_step(city)
    page = first.get("/account/security").text
    answer = first.post("/account/security", data={"csrf_token": token_in(page), "action": "others"})
    assert answer.status_code == 303
    assert first.get("/account").status_code == 200
    assert second.get("/account").status_code == 401
