"""Clients of others do everything over the wire, knowing nothing but the metadata document."""

import time
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey
from oauthlib.oauth2 import BackendApplicationClient, DeviceClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session as OtherSession

from opendata.base.kit.secrets import redact
from opendata.doors.cli import remote, run
from opendata.services.access.oauth.addresses import CODE, DEVICE, REFRESH
from opendata.testing.load import eventually

CALLBACK = "https://app.example/cb"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(autouse=True)
def plain_loopback(monkeypatch):
    """Both libraries refuse http, also to this machine."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture
def metadata(portal) -> dict:
    """All that a client knows of the server."""
    resource = requests.get(f"{portal.url}/.well-known/oauth-protected-resource", timeout=10).json()
    server = resource["authorization_servers"][0]
    return requests.get(f"{server}/.well-known/oauth-authorization-server", timeout=10).json()


def consented(portal, address) -> str:
    """Where a person who allows what this address asks for is sent."""
    browser = portal.browser()
    page = browser.get(address, timeout=10)
    assert page.status_code == 200
    form = dict(parse_qsl(urlsplit(address).query))
    posted = browser.post(
        urlsplit(address)._replace(query="").geturl(),
        {**form, "decision": "allow"},
        allow_redirects=False,
        timeout=10,
    )
    return posted.headers["Location"]


def used(portal, session) -> str:
    """Who a worker takes the bearer for."""
    answer = session.get(f"{portal.url}/api/v1/me", timeout=10)
    assert answer.status_code == 200
    return answer.json()["kind"]


def revoked(metadata, token, **credentials) -> bool:
    data = {"token": token, **credentials.pop("data", {})}
    answer = requests.post(metadata["revocation_endpoint"], data, timeout=10, **credentials)
    return answer.status_code == 200


# --- for a person ----------------------------------------------------------------------------------


@pytest.mark.parametrize("public", [True, False])
def test_authlib_with_a_person(portal, metadata, public):
    method = "none" if public else "client_secret_basic"
    client, secret = portal.register(auth_method=method, grants=[CODE, REFRESH], redirect_uris=[CALLBACK])
    session = OAuth2Session(
        client,
        secret,
        redirect_uri=CALLBACK,
        scope="read query",
        code_challenge_method="S256",
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
    )
    verifier = generate_token(48)
    address, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, resource=metadata["issuer"]
    )
    token = session.fetch_token(
        metadata["token_endpoint"],
        authorization_response=consented(portal, address),
        code_verifier=verifier,
        state=state,
    )
    assert used(portal, session) == "token"
    fresh = session.refresh_token(metadata["token_endpoint"], token["refresh_token"])
    assert fresh["refresh_token"] != token["refresh_token"]
    assert used(portal, session) == "token"
    answer = session.revoke_token(metadata["revocation_endpoint"], fresh["refresh_token"])
    assert answer.status_code == 200
    assert portal.dead_everywhere(fresh["access_token"])


@pytest.mark.parametrize("public", [True, False])
def test_requests_oauthlib_with_a_person(portal, metadata, public):
    method = "none" if public else "client_secret_basic"
    client, secret = portal.register(auth_method=method, grants=[CODE, REFRESH], redirect_uris=[CALLBACK])
    session = OtherSession(client, redirect_uri=CALLBACK, scope=["read"], pkce="S256")
    address, _state = session.authorization_url(metadata["authorization_endpoint"])
    auth = None if public else HTTPBasicAuth(client, secret)
    token = session.fetch_token(
        metadata["token_endpoint"],
        authorization_response=consented(portal, address),
        auth=auth,
        include_client_id=public,
    )
    assert used(portal, session) == "token"
    named = {"client_id": client} if public else {}
    fresh = session.refresh_token(metadata["token_endpoint"], token["refresh_token"], auth=auth, **named)
    assert fresh["refresh_token"] != token["refresh_token"]
    assert used(portal, session) == "token"
    assert revoked(metadata, fresh["refresh_token"], auth=auth, data=named)
    assert portal.dead_everywhere(fresh["access_token"])


# --- for itself ------------------------------------------------------------------------------------


def test_authlib_with_a_secret(portal, metadata):
    client, secret = portal.server()
    session = OAuth2Session(client, secret, scope="read")
    token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert (token["scope"], token["expires_in"]) == ("read", 3600)
    assert "refresh_token" not in token
    assert used(portal, session) == "token"
    session.revoke_token(metadata["revocation_endpoint"], token["access_token"])
    assert portal.dead_everywhere(token["access_token"])


def test_requests_oauthlib_with_a_secret(portal, metadata):
    client, secret = portal.server()
    auth = HTTPBasicAuth(client, secret)
    session = OtherSession(client=BackendApplicationClient(client))
    token = session.fetch_token(metadata["token_endpoint"], auth=auth)
    assert used(portal, session) == "token"
    assert revoked(metadata, token["access_token"], auth=auth)
    assert portal.dead_everywhere(token["access_token"])


@pytest.fixture
def robot(portal) -> tuple[str, ECKey]:
    key = ECKey.generate_key("P-256", auto_kid=True)
    jwks = {"keys": [key.as_dict(private=False)]}
    return portal.server(auth_method="private_key_jwt", jwks=jwks)[0], key


def assertion(metadata, client, key) -> dict[str, str]:
    now = int(time.time())
    claims = {
        "iss": client,
        "sub": client,
        "aud": metadata["issuer"],
        "exp": now + 60,
        "jti": generate_token(16),
    }
    text = jwt.encode({"alg": metadata["token_endpoint_auth_signing_alg_values_supported"][0]}, claims, key)
    return {"client_assertion_type": ASSERTION, "client_assertion": text}


def test_authlib_with_a_private_key(portal, metadata, robot):
    client, key = robot
    session = OAuth2Session(
        client,
        key,
        token_endpoint_auth_method="private_key_jwt",
        revocation_endpoint_auth_method="private_key_jwt",
    )
    session.register_client_auth_method(PrivateKeyJWT(metadata["token_endpoint"], alg="ES256"))
    token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert token["expires_in"] == 3600
    assert used(portal, session) == "token"
    answer = session.revoke_token(metadata["revocation_endpoint"], token["access_token"])
    assert answer.status_code == 200
    assert portal.dead_everywhere(token["access_token"])


def test_requests_oauthlib_with_a_private_key(portal, metadata, robot):
    session = OtherSession(client=BackendApplicationClient(robot[0]))
    proof = assertion(metadata, *robot)
    token = session.fetch_token(metadata["token_endpoint"], include_client_id=True, **proof)
    assert used(portal, session) == "token"
    assert revoked(metadata, token["access_token"], data=assertion(metadata, *robot))
    assert portal.dead_everywhere(token["access_token"])


# --- devices ---------------------------------------------------------------------------------------


def begun(portal, metadata, client) -> str:
    """A device code that a person has said yes to."""
    told = requests.post(metadata["device_authorization_endpoint"], {"client_id": client}, timeout=10).json()
    answer = portal.browser().post(
        told["verification_uri"], {"user_code": told["user_code"], "decision": "allow"}, timeout=10
    )
    assert answer.status_code == 200
    return told["device_code"]


def test_authlib_with_a_device(portal, metadata):
    client = portal.box()
    session = OAuth2Session(client, token_endpoint_auth_method="none", revocation_endpoint_auth_method="none")
    code = begun(portal, metadata, client)
    token = session.fetch_token(metadata["token_endpoint"], grant_type=DEVICE, device_code=code)
    assert used(portal, session) == "token"
    fresh = session.refresh_token(metadata["token_endpoint"], token["refresh_token"])
    assert used(portal, session) == "token"
    answer = session.revoke_token(metadata["revocation_endpoint"], fresh["refresh_token"])
    assert answer.status_code == 200
    assert portal.dead_everywhere(fresh["access_token"])


def test_requests_oauthlib_with_a_device(portal, metadata):
    client = portal.box()
    session = OtherSession(client=DeviceClient(client))
    code = begun(portal, metadata, client)
    token = session.fetch_token(metadata["token_endpoint"], device_code=code, include_client_id=True)
    assert used(portal, session) == "token"
    named = {"client_id": client}
    fresh = session.refresh_token(metadata["token_endpoint"], token["refresh_token"], **named)
    assert used(portal, session) == "token"
    assert revoked(metadata, fresh["refresh_token"], data=named)
    assert portal.dead_everywhere(fresh["access_token"])


# --- the command line ------------------------------------------------------------------------------


def test_the_command_line_signs_in(live, tmp_path, monkeypatch, capsys):
    address, office = live
    office.register(auth_method="none", grants=[DEVICE, REFRESH], client_id=remote.CLIENT_ID)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    waits = []

    def approve(seconds):
        waits.append(seconds)
        if len(waits) == 2:
            code = capsys.readouterr().err.split()[-1]
            office.city.client("editor").post("/oauth/device", data={"user_code": code, "decision": "allow"})
        office.seconds_later(seconds)

    monkeypatch.setattr(
        remote.Portal.__init__, "__kwdefaults__", {**remote.Portal.__init__.__kwdefaults__, "sleep": approve}
    )
    assert run(["--lang", "en", "login", address, "--scope", "read"]) == 0
    assert waits == [5.0, 5.0]
    assert "Signed in" in capsys.readouterr().err
    assert remote.file().stat().st_mode & 0o777 == 0o600
    assert run(["login", address, "--token"]) == 0
    token = capsys.readouterr().out.strip()
    assert office.get(token).status_code == 200
    assert run(["login", address, "--out"]) == 0
    eventually(lambda: office.get(token).status_code == 401, 3)
    assert run(["login", address, "--token"]) == 1
    assert redact(token) == "eyJ…"


def test_signing_in_where_there_is_no_server(live, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert run(["login", f"{live[0]}/elsewhere"]) == 1
