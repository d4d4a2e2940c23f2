"""What a person looks after about the own account, over REST as on the pages."""

from datetime import timedelta
from typing import Any

import pyotp
import pytest

from opendata.base.models import OAuthGrant
from opendata.services.access import accounts, applications, keys, people, tokens, transfers
from opendata.services.access.oauth import consents, families, refresh
from opendata.services.access.scopes import OPEN
from opendata.testing.web import City, problem_of

ADMIN = [*OPEN, "admin"]


# --- sessions --------------------------------------------------------------------------------------


def sessions_of(client: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/v1/me/sessions").get_json()["data"]
    return found


def test_a_session_is_ended_by_its_name(city: City) -> None:
    here, there = city.client("editor"), city.client("editor")
    rows = sessions_of(here)
    assert [row["this"] for row in rows].count(True) == 1
    (other,) = (row for row in rows if not row["this"])
    assert here.delete(f"/api/v1/me/sessions/{other['id']}").status_code == 200
    assert there.get("/api/v1/me/sessions").status_code == 401
    assert [row["id"] for row in sessions_of(here)] == [row["id"] for row in rows if row["this"]]


def test_every_other_session_is_ended_and_this_one_goes_on(city: City) -> None:
    here, others = city.client("editor"), [city.client("editor") for _ in range(3)]
    assert here.delete("/api/v1/me/sessions").get_json() == {"ended": 3}
    assert {client.get("/api/v1/me/sessions").status_code for client in others} == {401}
    assert len(sessions_of(here)) == 1


def test_sessions_of_others_cannot_be_ended(city: City) -> None:
    mine, theirs = city.client("editor"), city.client("admin")
    (row,) = sessions_of(theirs)
    problem_of(mine.delete(f"/api/v1/me/sessions/{row['id']}"), 404)
    assert len(sessions_of(theirs)) == 1


# --- second factor ---------------------------------------------------------------------------------

FACTOR = "/api/v1/me/second-factor"


def turned_on(client: Any) -> tuple[pyotp.TOTP, list[str]]:
    offered = client.post(f"{FACTOR}/offer")
    assert offered.headers["Cache-Control"] == "no-store"
    assert offered.headers["Referrer-Policy"] == "no-referrer"
    assert "ETag" not in offered.headers
    body = offered.get_json()
    assert pyotp.parse_uri(body["address"]).secret == body["secret"]
    device = pyotp.TOTP(body["secret"])
    answer = client.put(FACTOR, json={"offer": body["offer"], "code": device.now()})
    assert answer.status_code == 200, answer.get_json()
    return device, answer.get_json()["recovery_codes"]


def test_the_second_factor_is_turned_on_and_off(city: City) -> None:
    here, there = city.client("editor"), city.client("editor")
    before = here.get_cookie("opendata_session")
    assert here.get(FACTOR).get_json() == {"on": False, "recovery_codes_left": 0}
    problem_of(here.delete(FACTOR, json={"code": "000000"}), 404, "second_factor_off")
    _, codes = turned_on(here)
    after = here.get_cookie("opendata_session")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert there.get(FACTOR).status_code == 401
    here.token = city_token(here)
    assert here.get(FACTOR).get_json() == {"on": True, "recovery_codes_left": 8}
    problem_of(here.post(f"{FACTOR}/offer"), 409, "second_factor_on")
    problem_of(here.delete(FACTOR, json={"code": "000000"}), 401, "wrong_code")
    answer = here.delete(FACTOR, json={"code": codes[0]})
    assert answer.get_json() == {"on": False, "recovery_codes_left": 0}


def city_token(client: Any) -> str:
    """The token of the forms of the session a client has now."""
    page = client.get("/account/security").text
    return str(page.split('name="csrf_token" value="')[1].split('"')[0])


def test_an_offer_to_somebody_else_turns_nothing_on(city: City) -> None:
    mine, theirs = city.client("editor"), city.client("admin")
    offered = theirs.post(f"{FACTOR}/offer").get_json()
    code = pyotp.TOTP(offered["secret"]).now()
    problem_of(mine.put(FACTOR, json={"offer": offered["offer"], "code": code}), 422)
    assert mine.get(FACTOR).get_json()["on"] is False


# --- keys ------------------------------------------------------------------------------------------


def test_a_key_of_a_person_may_and_a_key_of_an_organisation_may_not(city: City) -> None:
    """What speaks for an organisation looks after nobody's own account."""
    own = {"X-Api-Key": city.key_of("admin", *ADMIN)}
    with city.platform.work(city.caller("admin")) as work:
        application = applications.get(work, city.application)
        applications.edit(work, application, {"scopes": ADMIN})
        theirs = {"X-Api-Key": keys.create(work, application, "k", wanted=ADMIN).secret}
    for path in ("sessions", "second-factor", "consents", "notices"):
        assert city.client().get(f"/api/v1/me/{path}", headers=own).status_code == 200
        problem_of(city.client().get(f"/api/v1/me/{path}", headers=theirs), 403)
    problem_of(city.client().delete("/api/v1/me/sessions", headers=theirs), 403)
    problem_of(city.client().post("/api/v1/apps", json={"name": "x"}, headers=theirs), 403)
    problem_of(city.client().post("/api/v1/me/organizations", json={"name": "x"}, headers=theirs), 403)


def test_a_key_of_an_organisation_reaches_no_application_of_whoever_made_it(city: City) -> None:
    with city.platform.work(city.caller("admin")) as work:
        application = applications.get(work, city.application)
        applications.edit(work, application, {"scopes": ADMIN})
        theirs = {"X-Api-Key": keys.create(work, application, "k", wanted=ADMIN).secret}
        personal = applications.create(work, "riêng", wanted=ADMIN).id
    with city.platform.work(city.caller("editor")) as work:
        offered = applications.create(work, "tặng")
        transfers.offer(work, offered, email="admin@haiphong.example")
        offered_id = offered.id
    anybody = city.client()
    problem_of(anybody.get(f"/api/v1/apps/{personal}", headers=theirs), 404)
    problem_of(anybody.patch(f"/api/v1/apps/{personal}", json={"name": "x"}, headers=theirs), 404)
    listed = anybody.get("/api/v1/apps", headers=theirs).get_json()["data"]
    assert city.application in [one["id"] for one in listed]
    assert personal not in [one["id"] for one in listed]
    assert anybody.get("/api/v1/me/transfers", headers=theirs).get_json()["data"] == []
    problem_of(anybody.post(f"/api/v1/me/transfers/{offered_id}/accept", headers=theirs), 404)


# --- consents --------------------------------------------------------------------------------------


@pytest.fixture
def given(city: City) -> str:
    """A consent of the editor to the department's client; the id of its family."""
    with city.platform.work() as work:
        family = families.begin(work, city.oauth_client, city.users["editor"], "read publish")
        refresh.store(work, family, scope="read publish", resource=None)
        return family.id


def test_who_let_an_application_in_sees_it_and_shows_it_out(city: City, given: str) -> None:
    mine, theirs = city.client("editor"), city.client("admin")
    (row,) = mine.get("/api/v1/me/consents").get_json()["data"]
    assert (row["client_id"], row["scopes"]) == (city.oauth_client, ["read", "publish"])
    assert row["application"] == "Cổng của sở"
    assert theirs.get("/api/v1/me/consents").get_json()["data"] == []
    problem_of(theirs.delete(f"/api/v1/me/consents/{city.oauth_client}"), 404)
    assert "effective_by" in mine.delete(f"/api/v1/me/consents/{city.oauth_client}").get_json()
    assert mine.get("/api/v1/me/consents").get_json()["data"] == []
    with city.platform.read() as work:
        assert work.session.get_one(OAuthGrant, given).revoked_at is not None
    problem_of(mine.delete(f"/api/v1/me/consents/{city.oauth_client}"), 404)


def test_consents_from_several_devices_are_one_line(city: City, given: str) -> None:
    with city.platform.work() as work:
        family = families.begin(work, city.oauth_client, city.users["editor"], "read download")
        refresh.store(work, family, scope="read download", resource=None)
    with city.platform.work(city.caller("editor")) as work:
        (row,) = consents.given(work)
        assert row.scopes == ["read", "download", "publish"]
        consents.withdraw(work, city.oauth_client)
        assert consents.given(work) == []


@pytest.mark.parametrize("way", ["changed", "reset"])
def test_a_new_password_ends_what_applications_were_given(city: City, given: str, way: str) -> None:
    """Somebody else may have been at the account, and have let something in."""
    old, new = "mật khẩu trước đây", "mật khẩu từ nay về sau"
    with city.platform.work(city.caller("editor")) as work:
        user = people.by_id(work, city.users["editor"])
        people.set_password(user, old)
        assert len(consents.given(work)) == 1
        link = tokens.direct(work, accounts.RESET, life=timedelta(hours=1), user_id=user.id)
    with city.platform.work(city.caller("editor")) as work:
        user = people.by_id(work, city.users["editor"])
        if way == "changed":
            people.change_password(work, user, old, new)
        else:
            accounts.reset(work, link, new)
        assert consents.given(work) == []
        assert work.session.get_one(OAuthGrant, given).revoked_at is not None
