"""The demands of RFC 9700, "Best Current Practice for OAuth 2.0 Security", that meet this server.

One function for each demand, in the order of the document; its first line says what is demanded, in our
words. What speaks of grants and ways this server does not have is proved by their absence.
"""

import base64
import json
import re

import pytest
from authlib.common.security import generate_token
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from opendata.base.kit.errors import Invalid
from opendata.base.models import OAuthGrant
from opendata.services.access.changes import Changes
from opendata.services.access.oauth import addresses

CALLBACK = "https://app.example/cb?next=%2Fa%2Fb"
ITSELF = {"grant_type": "client_credentials"}


def ask(office, question, role="editor"):
    return office.city.client(role).get("/oauth/authorize", query_string=question)


def claims_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def settle(office):
    changes = office.platform.part(Changes)
    changes._looked = 0.0
    changes.look()


# --- §2.1 and §4.1: redirects ----------------------------------------------------------------------


def redirect_addresses_are_compared_sign_by_sign(office):
    """§2.1, §4.1.3: exact string matching, except for the port of a native application on its machine."""
    client = office.web()
    for other in (
        CALLBACK + "/",
        CALLBACK.replace("app.example", "app.example."),
        CALLBACK.replace("/cb", "/cb/../cb"),
        CALLBACK.replace("https://app.example", "https://app.example@evil.example"),
        CALLBACK.replace("app.", "evil.app."),
        CALLBACK.replace("%2F", "/"),
        CALLBACK.upper(),
    ):
        answer = ask(office, office.question(client, "x" * 43, redirect_uri=other))
        assert answer.status_code == 400, other
        assert "Location" not in answer.headers


def redirects_leave_over_tls(office):
    """§2.1: no redirect address without encryption, except to the person's own machine."""
    for uri in (
        "http://app.example/cb",
        "app://cb",
        "javascript:alert(1)",
        "data:,x",
        "https://a.example/#x",
    ):
        with pytest.raises(Invalid) as refused:
            office.register(auth_method="none", grants=[addresses.CODE], redirect_uris=[uri])
        assert "redirect_uris" in refused.value.fields
    office.register(auth_method="none", grants=[addresses.CODE], redirect_uris=["http://127.0.0.1:8400/cb"])


def nobody_is_led_on_by_an_error(office):
    """§4.11.2: no open redirector; the person is authenticated before any redirect, also with an error."""
    question = office.question(office.web(), "x" * 43, scope="nonsense")
    answer = ask(office, question, role="anonymous")
    assert answer.headers["Location"].startswith("/sign-in?")
    assert "error=invalid_scope" in ask(office, question).headers["Location"]
    forged = office.question("client_none", "x" * 43, redirect_uri="https://evil.example")
    assert "Location" not in ask(office, forged).headers


def credentials_are_not_sent_on_by_a_redirect(office):
    """§4.12: never status 307, with which a browser repeats its form."""
    assert office.consent(office.web(), "x" * 43).status_code == 303
    assert office.consent(office.web(), "x" * 43, decision="deny").status_code == 303


# --- §2.1.1 and §4.5-4.8: codes --------------------------------------------------------------------


def every_client_proves_where_its_code_came_from(office):
    """§2.1.1: PKCE for public clients, and here for all; what cannot be enforced is not begun."""
    confidential, _ = office.register(redirect_uris=[CALLBACK])
    for client in (office.web(), confidential):
        for changes in ({"code_challenge": None}, {"code_challenge_method": "plain"}):
            sent = office.query_of(ask(office, office.question(client, "x" * 43, **changes)))
            assert sent["error"] == "invalid_request"


def a_challenge_cannot_be_talked_away(office):
    """§2.1.1, §4.8.2: a verifier is asked for wherever there was a challenge, and no other way exists."""
    client, verifier = office.web(), generate_token(48)
    for given in (None, "", "y" * 43, create_s256_code_challenge(verifier)):
        code = office.code(client, verifier)
        assert office.exchange(client, code, verifier, code_verifier=given).status_code == 400
    sneaked = office.question(client, verifier)
    code = office.code(client, verifier)
    answer = office.exchange(
        client, code, verifier, code_challenge=sneaked["code_challenge"], code_verifier=None
    )
    assert answer.status_code == 400


def clients_can_tell_that_challenges_are_understood(office):
    """§2.1.1: support for PKCE can be found in the metadata."""
    told = office.city.app.test_client().get("/.well-known/oauth-authorization-server").get_json()
    assert told["code_challenge_methods_supported"] == ["S256"]


def a_code_is_used_once_and_by_its_client(office):
    """§4.2.4, §4.5: single use; a second use ends what the first one gave."""
    client, verifier = office.web(), generate_token(48)
    code = office.code(client, verifier)
    assert office.exchange(office.web(), code, verifier).status_code == 400
    given = office.exchange(client, code, verifier).get_json()
    assert office.exchange(client, code, verifier).status_code == 400
    settle(office)
    assert office.get(given["access_token"]).status_code == 401
    assert office.refresh(client, given["refresh_token"]).status_code == 400


def answers_say_who_answers(office):
    """§4.4: mix-up is defended against by `iss`, in good answers and in errors, as the metadata says."""
    told = office.city.app.test_client().get("/.well-known/oauth-authorization-server").get_json()
    assert told["authorization_response_iss_parameter_supported"] is True
    for decision in ("allow", "deny"):
        answer = office.consent(office.web(), "x" * 43, decision=decision)
        assert office.query_of(answer)["iss"] == told["issuer"]


def a_request_comes_back_to_who_began_it(office):
    """§4.7.1: `state` comes back as it was, and our own forms are bound to the session that shows them."""
    client = office.web()
    assert office.query_of(office.consent(client, "x" * 43, state="a b&c=d%"))["state"] == "a b&c=d%"
    browser = office.city.client("editor")
    browser.token = ""
    answer = browser.post("/oauth/authorize", data={**office.question(client, "x" * 43), "decision": "allow"})
    assert answer.status_code == 403


def pages_leak_no_code(office):
    """§4.2.4: nothing about the request goes on in a Referer, and the pages take nothing from elsewhere."""
    page = ask(office, office.question(office.web(), "x" * 43))
    assert page.headers["Referrer-Policy"] == "no-referrer"
    foreign = re.findall(r'(?:src|href)="(https?://[^"]+)"', page.text)
    assert [address for address in foreign if "localhost" not in address] == []


def pages_cannot_be_framed(office):
    """§4.16: clickjacking, by CSP and by the older field."""
    page = ask(office, office.question(office.web(), "x" * 43))
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers.get("X-Frame-Options", "DENY") == "DENY"


# --- §2.1.2, §2.4: what there is not ---------------------------------------------------------------


def no_token_in_a_front_channel(office):
    """§2.1.2: no implicit grant, nor any answer type that gives a token to the browser."""
    client = office.web()
    for kind in ("token", "code token", "id_token token", "code id_token"):
        sent = office.query_of(ask(office, office.question(client, "x" * 43, response_type=kind)))
        assert sent["error"] == "unsupported_response_type"


def no_password_of_a_person_for_a_client(office):
    """§2.4: the password grant must not be used."""
    asked = {"grant_type": "password", "username": "a", "password": "b"}
    answer = office.token(asked, auth=office.server())
    assert answer.get_json()["error"] == "unsupported_grant_type"


# --- §2.2, §2.3, §4.10, §4.14: tokens --------------------------------------------------------------


def refresh_tokens_are_rotated_and_copies_noticed(office):
    """§2.2.2, §4.14.2: rotation for public clients; reuse ends the family, for good."""
    client = office.web()
    first = office.tokens(client)["refresh_token"]
    second = office.refresh(client, first).get_json()["refresh_token"]
    third = office.refresh(client, second).get_json()
    assert office.refresh(client, first).status_code == 400
    assert office.refresh(client, third["refresh_token"]).status_code == 400
    settle(office)
    assert office.get(third["access_token"]).status_code == 401
    with office.platform.read() as work:
        assert work.session.query(OAuthGrant).filter_by(client_id=client).one().reuse_detected_at


def refresh_tokens_are_bound_to_client_and_consent(office):
    """§4.14.2: to the scope and resource that were agreed to, and to the client they were given to."""
    client = office.web(wanted=["read", "publish"])
    given = office.tokens(client, scope="read")["refresh_token"]
    assert office.refresh(client, given, scope="read publish").get_json()["error"] == "invalid_scope"
    assert (
        office.refresh(client, given, resource="https://bank.example").get_json()["error"] == "invalid_target"
    )
    assert office.refresh(office.web(), given).get_json()["error"] == "invalid_grant"


def tokens_are_for_one_resource_and_it_looks(office):
    """§2.3, §4.9: an audience in each token, and a resource server that refuses those for others."""
    token = office.token(ITSELF, auth=office.server()).get_json()["access_token"]
    assert claims_of(token)["aud"] == "http://localhost"
    asked = {**ITSELF, "resource": "https://bank.example"}
    assert office.token(asked, auth=office.server()).get_json()["error"] == "invalid_target"


def tokens_hold_no_more_than_was_asked(office):
    """§2.3: privileges restricted to what is needed; nothing asked is not everything."""
    client = office.server(wanted=["read", "publish"])
    token = office.token(ITSELF, auth=client).get_json()
    assert token["scope"] == "read"


def tokens_do_not_travel_in_addresses(office):
    """§4.3.2: an access token in a query string is not taken."""
    token = office.token(ITSELF, auth=office.server(wanted=["read", "publish"])).get_json()["access_token"]
    assert office.get(token, "/api/v1/me").status_code == 200
    answer = office.city.app.test_client().get("/api/v1/me", query_string={"access_token": token})
    assert answer.status_code in {400, 401}


def nobody_chooses_to_be_somebody_else(office):
    """§4.15.1: the `sub` of a client can be nobody's; clients do not choose their names."""
    with pytest.raises(Invalid) as refused:
        office.server(client_id=office.city.users["editor"])
    assert "id" in refused.value.fields


# --- §2.5, §2.6: clients and metadata --------------------------------------------------------------


def clients_authenticate_where_they_can(office):
    """§2.5: confidential clients always; asymmetric methods are there."""
    client, _ = office.server()
    assert office.token({**ITSELF, "client_id": client}).status_code == 401
    told = office.city.app.test_client().get("/.well-known/oauth-authorization-server").get_json()
    assert "private_key_jwt" in told["token_endpoint_auth_methods_supported"]


def everything_stands_in_the_metadata(office):
    """§2.6: a client is configured by the metadata document alone."""
    told = office.city.app.test_client().get("/.well-known/oauth-authorization-server").get_json()
    assert {"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint"} <= set(
        told
    )
    assert told["issuer"] == "http://localhost"


DEMANDS = [
    redirect_addresses_are_compared_sign_by_sign,
    redirects_leave_over_tls,
    nobody_is_led_on_by_an_error,
    credentials_are_not_sent_on_by_a_redirect,
    every_client_proves_where_its_code_came_from,
    a_challenge_cannot_be_talked_away,
    clients_can_tell_that_challenges_are_understood,
    a_code_is_used_once_and_by_its_client,
    answers_say_who_answers,
    a_request_comes_back_to_who_began_it,
    pages_leak_no_code,
    pages_cannot_be_framed,
    no_token_in_a_front_channel,
    no_password_of_a_person_for_a_client,
    refresh_tokens_are_rotated_and_copies_noticed,
    refresh_tokens_are_bound_to_client_and_consent,
    tokens_are_for_one_resource_and_it_looks,
    tokens_hold_no_more_than_was_asked,
    tokens_do_not_travel_in_addresses,
    nobody_chooses_to_be_somebody_else,
    clients_authenticate_where_they_can,
    everything_stands_in_the_metadata,
]


@pytest.mark.parametrize("demand", DEMANDS, ids=lambda demand: demand.__name__)
def test_the_best_current_practice_is_kept(office, demand):
    office.seconds_later(1)
    office.city.app.extensions["opendata.misses"].forgive("127.0.0.1")
    demand(office)


def test_every_demand_of_this_file_is_in_the_table():
    named = {
        name for name, value in globals().items() if getattr(value, "__doc__", None) and "§" in value.__doc__
    }
    assert named - {demand.__name__ for demand in DEMANDS} <= {"__doc__"}
