"""Clients of others do everything over the wire, knowing nothing but the metadata document."""

import threading
import time

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session as OtherSession

from opendata.base.kit.secrets import redact
from opendata.doors.cli import remote, run
from opendata.services.access.oauth.addresses import CODE, DEVICE, REFRESH

CALLBACK = "https://app.example/cb"


@pytest.fixture(autouse=True)
def plain_loopback(monkeypatch):
    """Both libraries refuse http, also to this machine."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture
def metadata(live) -> dict:
    resource = requests.get(f"{live[0]}/.well-known/oauth-protected-resource", timeout=10).json()
    server = resource["authorization_servers"][0]
    return requests.get(f"{server}/.well-known/oauth-authorization-server", timeout=10).json()


def consented(live, address) -> str:
    """Where a person who allows what this address asks for is sent."""
    path = address.removeprefix(live[0])
    browser = live[1].city.client("editor")
    page = browser.get(path)
    assert page.status_code == 200, page.text
    from urllib.parse import parse_qsl, urlsplit

    form = dict(parse_qsl(urlsplit(path).query))
    answer = browser.post("/oauth/authorize", data={**form, "decision": "allow"})
    return answer.headers["Location"]


def works(live, session) -> bool:
    return session.get(f"{live[0]}/api/v1/datasets", timeout=10).status_code == 200


def is_dead(live, token) -> bool:
    """Within a second of its revocation, in a worker without a watch of its own."""
    until = time.monotonic() + 3
    while time.monotonic() < until:
        answer = requests.get(
            f"{live[0]}/api/v1/datasets", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )
        if answer.status_code == 401:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("public", [True, False])
def test_authlib_with_a_person(live, metadata, public):
    office = live[1]
    method = "none" if public else "client_secret_basic"
    client, secret = office.register(auth_method=method, grants=[CODE, REFRESH], redirect_uris=[CALLBACK])
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
        authorization_response=consented(live, address),
        code_verifier=verifier,
        state=state,
    )
    assert works(live, session)
    fresh = session.refresh_token(metadata["token_endpoint"], token["refresh_token"])
    assert fresh["refresh_token"] != token["refresh_token"]
    assert works(live, session)
    answer = session.revoke_token(metadata["revocation_endpoint"], fresh["refresh_token"])
    assert answer.status_code == 200
    assert is_dead(live, fresh["access_token"])


def test_requests_oauthlib_with_a_person(live, metadata):
    client, secret = live[1].register(grants=[CODE, REFRESH], redirect_uris=[CALLBACK])
    session = OtherSession(client, redirect_uri=CALLBACK, scope=["read"], pkce="S256")
    address, _state = session.authorization_url(metadata["authorization_endpoint"])
    auth = requests.auth.HTTPBasicAuth(client, secret)
    token = session.fetch_token(
        metadata["token_endpoint"], authorization_response=consented(live, address), auth=auth
    )
    assert works(live, session)
    fresh = session.refresh_token(metadata["token_endpoint"], token["refresh_token"], auth=auth)
    assert works(live, session)
    data = {"token": fresh["refresh_token"]}
    assert requests.post(metadata["revocation_endpoint"], data, auth=auth, timeout=10).status_code == 200
    assert is_dead(live, fresh["access_token"])


def test_both_for_themselves(live, metadata):
    client, secret = live[1].server()
    session = OAuth2Session(client, secret, scope="read")
    token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert token["scope"] == "read"
    assert works(live, session)
    session.revoke_token(metadata["revocation_endpoint"], token["access_token"])
    assert is_dead(live, token["access_token"])
    other = OtherSession(client=BackendApplicationClient(client))
    other.fetch_token(metadata["token_endpoint"], auth=requests.auth.HTTPBasicAuth(client, secret))
    assert works(live, other)


def test_authlib_with_a_private_key(live, metadata):
    key = ECKey.generate_key("P-256", auto_kid=True)
    jwks = {"keys": [key.as_dict(private=False)]}
    client, _ = live[1].server(auth_method="private_key_jwt", jwks=jwks)
    session = OAuth2Session(client, key, token_endpoint_auth_method="private_key_jwt")
    session.register_client_auth_method(PrivateKeyJWT(metadata["token_endpoint"], alg="ES256"))
    token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert token["expires_in"] == 3600
    assert works(live, session)


def test_a_device(live, metadata):
    office = live[1]
    client = office.box()
    begun = requests.post(metadata["device_authorization_endpoint"], {"client_id": client}, timeout=10).json()
    browser = office.city.client("editor")
    browser.post("/oauth/device", data={"user_code": begun["user_code"], "decision": "allow"})
    session = OAuth2Session(client, token_endpoint_auth_method="none")
    token = session.fetch_token(
        metadata["token_endpoint"], grant_type=DEVICE, device_code=begun["device_code"]
    )
    assert works(live, session)
    session.refresh_token(metadata["token_endpoint"], token["refresh_token"])
    assert works(live, session)


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
    assert is_dead(live, token)
    assert run(["login", address, "--token"]) == 1
    assert redact(token) == "eyJ…"


def test_signing_in_where_there_is_no_server(live, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert run(["login", f"{live[0]}/elsewhere"]) == 1


def test_keys_change_under_load_without_a_refusal(live, metadata):
    """A worker that runs its watch takes every token while keys change; old ones until they end."""
    from opendata.base.runtime import SYSTEM
    from opendata.services.access.changes import Changes
    from opendata.services.access.oauth import signing

    office = live[1]
    office.platform.part(Changes).start()
    client = office.server()
    statuses, stop = [], threading.Event()

    def call():
        while not stop.is_set():
            token = office.token({"grant_type": "client_credentials"}, auth=client).get_json()["access_token"]
            statuses.append(office.get(token).status_code)

    old = office.token({"grant_type": "client_credentials"}, auth=client).get_json()["access_token"]
    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(0.6)
        with office.platform.work(SYSTEM) as work:
            signing.rotate(work, at_once=True)
    time.sleep(0.6)
    stop.set()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}
    assert office.get(old).status_code == 200
