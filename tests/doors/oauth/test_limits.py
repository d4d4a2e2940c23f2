"""Places where a secret can be guessed count; who asks properly is not in the way of it."""

from collections.abc import Iterator

import pyotp
import pytest

from opendata.app import create_app
from opendata.doors.http.control_limits import BUCKETS
from opendata.doors.http.identity import COOKIE
from opendata.services.access import people, second_factor
from opendata.testing.web import ApiClient

ITSELF = {"grant_type": "client_credentials"}
WRONG = "hpd_cs_" + "0" * 38


@pytest.fixture
def guarded(office) -> Iterator:
    """Makes an application with other limits over the same city."""
    settings = office.platform.settings
    kept = settings.guard_limits

    def make(**limits):
        changed = {**dict.fromkeys(BUCKETS, "100000 per second"), **limits}
        object.__setattr__(settings, "guard_limits", changed)
        app = create_app(platform=office.platform)
        app.test_client_class = ApiClient
        return app

    yield make
    object.__setattr__(settings, "guard_limits", kept)


def test_tokens_are_asked_for_a_number_of_times_a_minute_and_client(office, guarded):
    app = guarded(token="3 per minute")
    client, other = office.server(), office.server()
    tried = [app.test_client().post("/oauth/token", data=ITSELF, auth=client) for _ in range(5)]
    assert [answer.status_code for answer in tried] == [200] * 3 + [429] * 2
    assert app.test_client().post("/oauth/token", data=ITSELF, auth=other).status_code == 200
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    answer = app.test_client().post("/oauth/token", data=ITSELF, auth=client, environ_base=elsewhere)
    assert answer.status_code == 200, "nobody uses up what a client may from where it is"
    refused = tried[-1]
    assert 1 <= int(refused.headers["Retry-After"]) <= 120
    assert refused.get_json(force=True)["error"] == "temporarily_unavailable"
    assert refused.get_json(force=True)["code"] == "rate_limited"


@pytest.mark.parametrize("endpoint", ["revoke", "introspect"])
def test_guesses_of_a_client_secret_are_counted_and_good_calls_are_not(office, guarded, endpoint):
    app = guarded(client="3 per minute")
    client, secret = office.server(may_introspect=True)

    def ask(given):
        answer = app.test_client().post(f"/oauth/{endpoint}", data={"token": "x"}, auth=(client, given))
        return answer.status_code

    assert [ask(secret) for _ in range(6)] == [200] * 6
    assert [ask(WRONG) for _ in range(5)] == [401] * 3 + [429] * 2
    assert ask(secret) == 429, "from this network; from others it goes on"


def test_other_names_in_the_form_give_no_further_guesses_of_a_secret(office, guarded):
    app = guarded(client="3 per minute")
    client, _secret = office.server(may_introspect=True)

    def guess(number):
        form = {"token": "x", "client_id": f"name-{number}"}
        return app.test_client().post("/oauth/introspect", data=form, auth=(client, WRONG)).status_code

    assert [guess(number) for number in range(5)] == [401] * 3 + [429] * 2


@pytest.mark.parametrize("way", ["page", "api"])
def test_codes_of_the_second_factor_cannot_be_tried_out(office, guarded, way):
    """Somebody has a session, and not the device."""
    role = {"page": "reviewer", "api": "admin"}[way]
    app = guarded(code="3 per 5 minutes")
    with office.platform.work() as work:
        user = people.by_id(work, office.city.users[role])
        secret, sealed = second_factor.offer(work, user)
        codes = second_factor.turn_on(work, user, sealed, pyotp.TOTP(secret).at(work.now))
    signed_in = office.city.client(role)
    browser = app.test_client()
    cookie = signed_in.get_cookie("opendata_session")
    browser.set_cookie(COOKIE, cookie.value)
    browser.token = signed_in.token

    def turn_off(code):
        if way == "api":
            return browser.delete("/api/v1/me/second-factor", json={"code": code}).status_code
        return browser.post("/account/security", data={"action": "off", "code": code}).status_code

    assert [turn_off("000000") for _ in range(5)] == [401] * 3 + [429] * 2
    assert turn_off(codes[0]) == 429
    with office.platform.work() as work:
        second_factor.forget(work, people.by_id(work, office.city.users[role]), by="test")
