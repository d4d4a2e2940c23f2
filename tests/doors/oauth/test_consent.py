"""The authorization code: what is asked, what comes back, what a code is good for."""

import threading

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from opendata.base.models import Application, OAuthGrant
from opendata.base.runtime import SYSTEM
from opendata.services.access import applications, people
from opendata.services.access.changes import Changes, next_version
from opendata.services.access.oauth import clients

CALLBACK = "https://app.example/cb?next=%2Fa%2Fb"


def settle(office) -> None:
    changes = office.platform.part(Changes)
    changes._looked = 0.0
    changes.look()


def authorize(office, question, role="editor"):
    return office.city.client(role).get("/oauth/authorize", query_string=question)


# --- at the authorization endpoint -----------------------------------------------------------------


def test_a_person_lets_an_application_act(office, verifier):
    client = office.web(wanted=["read", "publish"])
    answer = office.consent(client, verifier, scope="read publish")
    assert answer.headers["Location"].startswith("https://app.example/cb?next=%2Fa%2Fb&")
    sent = office.query_of(answer)
    assert sent["next"] == "/a/b"
    assert sent["state"] == "st&te"
    assert sent["iss"] == "http://localhost"
    body = office.exchange(client, sent["code"], verifier).get_json()
    assert body["expires_in"] == 900
    assert body["scope"] == "read publish"
    assert body["refresh_token"].startswith("hpd_rt_")
    assert office.get(body["access_token"], f"/api/v1/datasets/{office.city.draft}").status_code == 200
    assert office.get(body["access_token"], f"/api/v1/datasets/{office.city.others_draft}").status_code == 404


def test_refusing_is_told_to_the_application(office, verifier):
    sent = office.query_of(office.consent(office.web(), verifier, decision="deny"))
    assert sent["error"] == "access_denied"
    assert (sent["state"], sent["iss"], sent["next"]) == ("st&te", "http://localhost", "/a/b")
    assert "code" not in sent


def test_who_is_not_signed_in_signs_in_first(office, verifier):
    question = office.question(office.web(), verifier)
    answer = office.city.app.test_client().get("/oauth/authorize", query_string=question)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in?next=%2Foauth%2Fauthorize%3F")
    answer = office.city.app.test_client().get("/en/oauth/authorize", query_string=question)
    assert answer.headers["Location"].startswith("/en/sign-in?next=%2Fen%2Foauth%2Fauthorize%3F")


def test_the_page_may_lead_back_to_the_application_alone(office, verifier):
    page = authorize(office, office.question(office.web(), verifier))
    assert "form-action 'self' https://app.example;" in page.headers["Content-Security-Policy"] + ";"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "<script" not in page.text.split('<form class="form"')[1]


@pytest.mark.parametrize(
    ("path", "word"), [("/oauth/authorize", "Từ chối"), ("/en/oauth/authorize", "Reject")]
)
def test_the_page_speaks_both_languages(office, verifier, path, word):
    page = office.city.client("editor").get(path, query_string=office.question(office.web(), verifier))
    assert word in page.text


def test_a_foreign_page_cannot_consent_for_somebody(office, verifier):
    browser = office.city.client("editor")
    question = office.question(office.web(), verifier)
    browser.token = ""
    answer = browser.post("/oauth/authorize", data={**question, "decision": "allow"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "client_none"},
        {"client_id": 'x"y'},
        {"redirect_uri": "https://evil.example/cb"},
        {"redirect_uri": "https://app.example/cb"},
        {"redirect_uri": CALLBACK + "&x=1"},
        {"redirect_uri": "https://app.example/cb?next=%2fa%2fb"},
        {"redirect_uri": "https://app.example:443/cb?next=%2Fa%2Fb"},
        {"redirect_uri": 'https://app.example/"ă'},
        {"response_type": "token", "redirect_uri": "https://evil.example/cb"},
        {"response_type": 'co"de', "redirect_uri": "https://evil.example/cb"},
        {"scope": "admin", "redirect_uri": "https://evil.example/cb"},
        {"code_challenge": None, "redirect_uri": "https://evil.example/cb"},
    ],
    ids=str,
)
def test_nothing_is_sent_to_an_address_that_is_not_the_clients(office, verifier, changes):
    answer = authorize(office, office.question(office.web(), verifier, **changes))
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "read admin"}, "invalid_scope"),
        ({"scope": "read nonsense"}, "invalid_scope"),
        ({"scope": "publish"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"resource": "https://bank.example"}, "invalid_target"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_before_anybody_is_asked(office, verifier, changes, error):
    question = office.question(office.web(), verifier, **changes)
    assert authorize(office, question, role="anonymous").headers["Location"].startswith("/sign-in?next=")
    answer = authorize(office, question)
    assert answer.headers["Location"].startswith("https://app.example/cb?next=%2Fa%2Fb&error=")
    sent = office.query_of(answer)
    assert sent["error"] == error
    assert (sent["state"], sent["iss"], sent["next"]) == ("st&te", "http://localhost", "/a/b")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "scope", "state", "response_type"])
def test_nothing_is_asked_twice(office, verifier, name):
    question = office.question(office.web(), verifier, scope="read")
    answer = authorize(office, [*question.items(), (name, question[name])])
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("scope", "given"), [(None, "read download query"), ("", "read download query"), ("read read", "read")]
)
def test_scopes_are_stated_in_the_token_answer(office, verifier, scope, given):
    client = office.web(wanted=["read", "download", "query", "publish"])
    assert office.tokens(client, scope=scope)["scope"] == given


def test_a_client_that_acts_for_nobody_cannot_ask(office, verifier):
    client_id, _ = office.server()
    assert authorize(office, office.question(client_id, verifier)).status_code == 400


# --- the code --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": None},
        {"code_verifier": "x" * 43},
        {"code_verifier": "short"},
        {"redirect_uri": "https://app.example/cb"},
        {"redirect_uri": None},
        {"code": "wrong"},
    ],
    ids=str,
)
def test_a_code_is_bound_to_its_request(office, verifier, changes):
    client = office.web()
    code = office.code(client, verifier)
    answer = office.exchange(client, changes.pop("code", code), verifier, **changes)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")


def test_the_challenge_itself_is_no_verifier(office, verifier):
    client = office.web()
    code = office.code(client, verifier)
    answer = office.exchange(client, code, create_s256_code_challenge(verifier))
    assert answer.get_json()["error"] == "invalid_grant"


def test_a_code_is_bound_to_its_client(office, verifier):
    code = office.code(office.web(), verifier)
    answer = office.exchange(office.web(), code, verifier)
    assert answer.get_json()["error"] == "invalid_grant"


def test_confidential_clients_need_the_verifier_too(office, verifier):
    client, secret = office.register(redirect_uris=[CALLBACK])
    code = office.code(client, verifier)
    data = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    assert office.token(data, auth=(client, secret)).get_json()["error"] == "invalid_grant"
    assert office.token({**data, "client_id": client, "code_verifier": verifier}).status_code == 401
    assert office.token({**data, "code_verifier": verifier}, auth=(client, secret)).status_code == 200


def test_a_code_lives_a_minute(office, verifier):
    client = office.web()
    code = office.code(client, verifier)
    office.seconds_later(61)
    assert office.exchange(client, code, verifier).get_json()["error"] == "invalid_grant"


def test_a_code_that_comes_twice_ends_what_it_gave(office, verifier):
    client = office.web()
    code = office.code(client, verifier)
    given = office.exchange(client, code, verifier).get_json()
    assert office.get(given["access_token"]).status_code == 200
    assert office.exchange(client, code, verifier).get_json()["error"] == "invalid_grant"
    settle(office)
    assert office.get(given["access_token"]).status_code == 401
    assert office.refresh(client, given["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_of_two_that_redeem_a_code_one_wins(office, verifier):
    client = office.web()
    code = office.code(client, verifier)
    answers = at_once(lambda: office.exchange(client, code, verifier).status_code)
    assert sorted(answers) == [200, 400]


def at_once(act, times=2):
    """What `act` gives in several threads that begin together."""
    gate, results = threading.Barrier(times), []

    def run():
        gate.wait()
        results.append(act())

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# --- refresh ---------------------------------------------------------------------------------------


def family(office, client) -> OAuthGrant:
    with office.platform.read() as work:
        row = work.session.query(OAuthGrant).filter_by(client_id=client).one()
        work.session.expunge(row)
        return row


def test_each_refresh_gives_new_tokens(office):
    client = office.web()
    first = office.tokens(client)
    second = office.refresh(client, first["refresh_token"]).get_json()
    assert second["expires_in"] == 900
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    third = office.refresh(client, second["refresh_token"])
    assert third.status_code == 200
    assert office.get(third.get_json()["access_token"]).status_code == 200


def test_a_lost_answer_is_given_again_for_half_a_minute(office):
    client = office.web()
    first = office.tokens(client)["refresh_token"]
    second = office.refresh(client, first).get_json()["refresh_token"]
    office.seconds_later(29)
    again = office.refresh(client, first).get_json()
    assert again["refresh_token"] == second
    assert office.get(again["access_token"]).status_code == 200
    assert office.refresh(client, second).status_code == 200


def test_two_that_refresh_at_once_get_the_same_successor(office):
    client = office.web()
    first = office.tokens(client)["refresh_token"]
    answers = at_once(lambda: office.refresh(client, first).get_json(), times=4)
    assert len({answer["refresh_token"] for answer in answers}) == 1
    assert len({answer["access_token"] for answer in answers}) == 4


def ends_the_family(office, client, answer) -> None:
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")
    row = family(office, client)
    assert row.revoked_at is not None
    assert row.reuse_detected_at is not None


def test_reuse_after_the_grace_ends_the_family_for_good(office):
    client = office.web()
    first = office.tokens(client)
    second = office.refresh(client, first["refresh_token"]).get_json()
    office.seconds_later(31)
    ends_the_family(office, client, office.refresh(client, first["refresh_token"]))
    settle(office)
    assert office.get(second["access_token"]).status_code == 401
    assert office.refresh(client, second["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_reuse_once_the_successor_was_used_ends_the_family(office):
    client = office.web()
    first = office.tokens(client)["refresh_token"]
    second = office.refresh(client, first).get_json()["refresh_token"]
    assert office.refresh(client, second).status_code == 200
    ends_the_family(office, client, office.refresh(client, first))


def test_reuse_by_another_client_ends_the_family(office):
    client, other = office.web(), office.web()
    first = office.tokens(client)["refresh_token"]
    assert office.refresh(client, first).status_code == 200
    assert family(office, client).revoked_at is None
    ends_the_family(office, client, office.refresh(other, first))


def test_an_unused_token_at_another_client_ends_the_family_too(office):
    client, other = office.web(), office.web()
    given = office.tokens(client)
    assert family(office, client).revoked_at is None
    ends_the_family(office, client, office.refresh(other, given["refresh_token"]))
    settle(office)
    assert office.get(given["access_token"]).status_code == 401
    assert office.refresh(client, given["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_refresh_tokens_end_when_idle_and_after_half_a_year(office):
    client = office.web()
    idle = office.tokens(client)["refresh_token"]
    used = office.tokens(client)["refresh_token"]
    for _ in range(6):
        office.seconds_later(29 * 86400)
        used = office.refresh(client, used).get_json()["refresh_token"]
    assert office.refresh(client, idle).get_json()["error"] == "invalid_grant"
    office.seconds_later(7 * 86400)
    assert office.refresh(client, used).get_json()["error"] == "invalid_grant"


def test_a_refresh_may_ask_for_less_and_never_for_more(office):
    client = office.web(wanted=["read", "download", "publish"])
    given = office.tokens(client, scope="read download")["refresh_token"]
    assert office.refresh(client, given, scope="read publish").get_json()["error"] == "invalid_scope"
    less = office.refresh(client, given, scope="read").get_json()
    assert less["scope"] == "read"
    assert office.refresh(client, less["refresh_token"]).get_json()["scope"] == "read download"


def test_a_new_password_ends_what_applications_were_given(office):
    client = office.web()
    token = office.tokens(client)["refresh_token"]
    with office.platform.work(SYSTEM) as work:
        person = people.by_id(work, office.city.users["editor"])
        people.replace_password(work, person, "mat-khau-hoan-toan-moi")
    assert office.refresh(client, token).get_json()["error"] == "invalid_grant"


def test_what_was_allowed_before_a_new_password_begins_nothing_after_it(office, verifier):
    client = office.web()
    code = office.code(client, verifier)
    with office.platform.work(SYSTEM) as work:
        people.replace_password(
            work, people.by_id(work, office.city.users["editor"]), "mat-khau-moi-hoan-toan"
        )
    assert office.exchange(client, code, verifier).get_json()["error"] == "invalid_grant"


def test_a_refresh_looks_at_the_person_anew(office):
    client = office.web()
    token = office.tokens(client, role="member")["refresh_token"]
    with office.platform.work(SYSTEM) as work:
        user = people.by_id(work, office.city.users["member"])
        user.active, user.version = False, next_version(work)
    assert office.refresh(client, token).get_json()["error"] == "invalid_grant"
    with office.platform.work(SYSTEM) as work:
        user = people.by_id(work, office.city.users["member"])
        user.active, user.version = True, next_version(work)
    assert office.refresh(client, token).status_code == 200


@pytest.mark.parametrize("text", ["", "x", "hpd_rt_" + "0" * 38, "hpd_cs_" + "a" * 38])
def test_no_refresh_token_is_no_grant(office, text):
    answer = office.refresh(office.web(), text)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")


# --- revocation and introspection ------------------------------------------------------------------


def test_a_revoked_refresh_token_takes_its_family_with_it(office):
    client = office.web()
    given = office.tokens(client)
    assert office.get(given["access_token"]).status_code == 200
    answer = office.post("/oauth/revoke", {"client_id": client, "token": given["refresh_token"]})
    assert answer.status_code == 200
    settle(office)
    assert office.get(given["access_token"]).status_code == 401
    assert office.refresh(client, given["refresh_token"]).status_code == 400


def test_a_revoked_access_token_ends_alone(office):
    client = office.web()
    given = office.tokens(client)
    assert office.get(given["access_token"]).status_code == 200
    data = {"client_id": client, "token": given["access_token"], "token_type_hint": "refresh_token"}
    assert office.post("/oauth/revoke", data).status_code == 200
    settle(office)
    assert office.get(given["access_token"]).status_code == 401
    assert office.refresh(client, given["refresh_token"]).status_code == 200


def test_revoking_what_is_unknown_is_done_already(office):
    client = office.web()
    for text in ("nonsense", "a.b.c", "hpd_rt_" + "0" * 38):
        data = {"client_id": client, "token": text, "token_type_hint": "nonsense"}
        assert office.post("/oauth/revoke", data).status_code == 200
    assert office.post("/oauth/revoke", {"client_id": client}).get_json()["error"] == "invalid_request"
    assert office.post("/oauth/revoke", {"token": "x"}).status_code == 401


def test_nobody_revokes_the_tokens_of_others(office):
    given = office.tokens(office.web())
    for text in (given["access_token"], given["refresh_token"]):
        answer = office.post("/oauth/revoke", {"client_id": office.web(), "token": text})
        assert answer.get_json()["error"] == "invalid_grant"
    assert office.get(given["access_token"]).status_code == 200


def test_introspection_tells_those_who_may_ask(office):
    asker = office.server(may_introspect=True)
    client = office.web()
    given = office.tokens(client)
    told = office.post("/oauth/introspect", {"token": given["access_token"]}, auth=asker).get_json()
    assert told["active"] is True
    assert told["client_id"] == client
    assert told["sub"] == office.city.users["editor"]
    assert told["scope"] == given["scope"]
    told = office.post("/oauth/introspect", {"token": given["refresh_token"]}, auth=asker).get_json()
    assert told["active"] is True
    curious = office.server()
    answer = office.post("/oauth/introspect", {"token": given["access_token"]}, auth=curious)
    assert answer.get_json() == {"active": False}


@pytest.mark.parametrize("text", ["x", "a.b.c", "..", "é", "hpd_rt_" + "0" * 38, "x" * 9000])
def test_introspection_of_garbage_is_inactive(office, text):
    answer = office.post("/oauth/introspect", {"token": text}, auth=office.server(may_introspect=True))
    assert (answer.status_code, answer.get_json()) == (200, {"active": False})


def test_introspection_knows_of_revocations_and_ends(office):
    asker = office.server(may_introspect=True)
    client = office.web()
    given, other = office.tokens(client), office.tokens(client)
    office.post("/oauth/revoke", {"client_id": client, "token": given["refresh_token"]})
    for text in (given["access_token"], given["refresh_token"]):
        assert office.post("/oauth/introspect", {"token": text}, auth=asker).get_json() == {"active": False}
    office.seconds_later(970)
    answer = office.post("/oauth/introspect", {"token": other["access_token"]}, auth=asker)
    assert answer.get_json() == {"active": False}
    assert office.post("/oauth/introspect", {"token": "x"}, auth=(asker[0], "wrong")).status_code == 401


@pytest.mark.parametrize("stopped", ["client", "application"])
def test_introspection_knows_that_a_client_is_stopped(office, stopped):
    asker, client = office.server(may_introspect=True), office.web()
    given = office.tokens(client)
    with office.platform.work(SYSTEM) as work:
        row = clients.known(work, client)
        if stopped == "client":
            clients.revoke(work, row, reason="thử")
        else:
            application = work.session.get_one(Application, row.application_id)
            applications.suspend(work, application, reason="thử")
    for text in (given["access_token"], given["refresh_token"]):
        assert office.post("/oauth/introspect", {"token": text}, auth=asker).get_json() == {"active": False}
