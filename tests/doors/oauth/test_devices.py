"""The device grant: the program's side and the person's."""

import re
import threading

import pytest
from sqlalchemy import func, select

from opendata.base.models import AuditEvent
from opendata.base.runtime import SYSTEM
from opendata.services.access import people
from opendata.services.access.oauth import device
from opendata.services.access.oauth.addresses import DEVICE

LETTERS = set(device.LETTERS)


def begin(office, client, **more):
    answer = office.post("/oauth/device_authorization", {"client_id": client, **more})
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def poll(office, client, code):
    return office.token({"grant_type": DEVICE, "client_id": client, "device_code": code})


def error_of(answer) -> str:
    assert answer.status_code == 400
    return answer.get_json()["error"]


def decide(office, code, decision="allow", role="editor"):
    browser = office.city.client(role)
    return browser.post(
        "/oauth/device", data={"user_code": code, "decision": decision, "csrf_token": browser.token}
    )


@pytest.fixture(autouse=True)
def no_wrong_codes(office):
    """Each test begins where the codes mistyped in others count no more."""
    office.seconds_later(660)


def test_a_program_signs_in_with_a_code_typed_elsewhere(office):
    client = office.box()
    begun = begin(office, client, scope="read query")
    left, _, right = begun["user_code"].partition("-")
    assert (len(left), len(right)) == (4, 4)
    assert set(left + right) <= LETTERS
    assert (begun["expires_in"], begun["interval"]) == (600, 5)
    assert begun["verification_uri"] == "http://localhost/oauth/device"
    assert error_of(poll(office, client, begun["device_code"])) == "authorization_pending"
    assert decide(office, begun["user_code"].lower().replace("-", " ")).status_code == 200
    office.seconds_later(5)
    body = poll(office, client, begun["device_code"]).get_json()
    assert body["expires_in"] == 900
    assert body["scope"] == "read query"
    assert office.get(body["access_token"]).status_code == 200
    assert office.refresh(client, body["refresh_token"]).status_code == 200


def test_a_device_code_gives_tokens_once(office):
    client = office.box()
    begun = begin(office, client)
    decide(office, begun["user_code"])
    assert poll(office, client, begun["device_code"]).status_code == 200
    assert error_of(poll(office, client, begun["device_code"])) == "invalid_grant"


def test_of_two_that_redeem_a_device_code_one_wins(office):
    client = office.box()
    begun = begin(office, client)
    decide(office, begun["user_code"])
    gate, statuses = threading.Barrier(3), []

    def redeem():
        gate.wait()
        statuses.append(poll(office, client, begun["device_code"]).status_code)

    threads = [threading.Thread(target=redeem) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 400, 400]


def test_who_asks_too_often_waits_longer(office):
    client = office.box()
    code = begin(office, client)["device_code"]
    assert error_of(poll(office, client, code)) == "authorization_pending"
    assert error_of(poll(office, client, code)) == "slow_down"
    office.seconds_later(6)
    assert error_of(poll(office, client, code)) == "slow_down"
    office.seconds_later(15)
    assert error_of(poll(office, client, code)) == "authorization_pending"


def test_refusing_ends_it(office):
    client = office.box()
    begun = begin(office, client)
    decide(office, begun["user_code"], "deny")
    assert error_of(poll(office, client, begun["device_code"])) == "access_denied"
    assert decide(office, begun["user_code"]).status_code == 400
    assert error_of(poll(office, client, begun["device_code"])) == "access_denied"


def test_what_was_allowed_before_a_new_password_gives_a_device_nothing_after_it(office):
    client = office.box()
    begun = begin(office, client)
    assert decide(office, begun["user_code"]).status_code == 200
    with office.platform.work(SYSTEM) as work:
        people.replace_password(
            work, people.by_id(work, office.city.users["editor"]), "mat-khau-moi-hoan-toan"
        )
    assert error_of(poll(office, client, begun["device_code"])) == "access_denied"


def test_a_code_lives_ten_minutes(office):
    client = office.box()
    begun = begin(office, client)
    office.seconds_later(601)
    assert error_of(poll(office, client, begun["device_code"])) == "expired_token"
    assert decide(office, begun["user_code"]).status_code == 400


def test_a_device_code_is_bound_to_its_client(office):
    begun = begin(office, office.box())
    decide(office, begun["user_code"])
    assert error_of(poll(office, office.box(), begun["device_code"])) == "invalid_grant"
    assert error_of(poll(office, office.box(), "unknown")) == "invalid_grant"


def test_only_clients_of_this_grant_may_begin(office):
    answer = office.post("/oauth/device_authorization", {"client_id": office.web()})
    assert error_of(answer) == "unauthorized_client"
    answer = office.post("/oauth/device_authorization", {"client_id": "client_none"})
    assert answer.status_code == 401
    answer = office.post("/oauth/device_authorization", {"client_id": office.box(), "scope": "admin"})
    assert error_of(answer) == "invalid_scope"
    answer = office.post(
        "/oauth/device_authorization", {"client_id": office.box(), "resource": "https://x.example"}
    )
    assert error_of(answer) == "invalid_target"


def test_the_page_asks_also_where_the_address_holds_the_code(office):
    client = office.box()
    begun = begin(office, client)
    anonymous = office.city.app.test_client().get(begun["verification_uri_complete"])
    assert anonymous.status_code == 303
    browser = office.city.client("editor")
    filled = browser.get("/oauth/device", query_string={"user_code": begun["user_code"]})
    assert f'value="{begun["user_code"]}"' in filled.text
    assert "<code>read</code>" not in filled.text
    typed = {"user_code": begun["user_code"], "csrf_token": browser.token}
    page = browser.post("/oauth/device", data=typed)
    assert begun["user_code"] in page.text
    assert "<code>read</code>" in page.text
    assert "Cho phép" in page.text
    assert error_of(poll(office, client, begun["device_code"])) == "authorization_pending"
    english = browser.post("/en/oauth/device", data=typed)
    assert "Allow this only if you have just started it yourself" in english.text


def test_an_address_tells_nothing_of_a_code_and_uses_no_try_up(office):
    begun, browser = begin(office, office.box()), office.city.client("member")
    pages = {}
    for code in (begun["user_code"], *("BBBB-BBBB",) * 7):
        answer = browser.get(
            "/oauth/device", query_string={"user_code": code}, headers={"Sec-Fetch-Site": "cross-site"}
        )
        assert answer.status_code == 200
        pages[code] = re.sub(r'(value|content|nonce)="[^"]*"', "", answer.text).replace(code, "")
    assert len(set(pages.values())) == 1
    with office.platform.read(SYSTEM) as work:
        wrong = select(func.count()).where(AuditEvent.action == "device.wrong_code")
        assert work.session.scalar(wrong.where(AuditEvent.object_id == office.city.users["member"])) == 0
    assert decide(office, begun["user_code"], role="member").status_code == 200


def test_a_foreign_page_cannot_try_a_code(office):
    browser = office.city.client("member")
    browser.token = ""
    for _ in range(6):
        assert browser.post("/oauth/device", data={"user_code": "BBBB-BBBB"}).status_code == 403
    assert decide(office, begin(office, office.box())["user_code"], role="member").status_code == 200


def test_a_foreign_page_cannot_approve(office):
    begun = begin(office, office.box())
    browser = office.city.client("editor")
    browser.token = ""
    answer = browser.post("/oauth/device", data={"user_code": begun["user_code"], "decision": "allow"})
    assert answer.status_code == 403


def test_codes_cannot_be_guessed(office):
    begun = begin(office, office.box())
    for _ in range(5):
        assert decide(office, "BBBB-BBBB", role="admin").status_code == 400
    assert decide(office, begun["user_code"], role="admin").status_code == 429
    assert decide(office, begun["user_code"], role="editor").status_code == 200
    office.seconds_later(601)
    fresh = begin(office, office.box())
    assert decide(office, fresh["user_code"], role="admin").status_code == 200
