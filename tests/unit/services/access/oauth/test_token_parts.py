"""The small checks under the OAuth2 server, on any input."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

from opendata.base.kit.secrets import redact
from opendata.services.access.oauth import addresses, jwts
from opendata.services.access.oauth.access_tokens import seconds
from opendata.services.access.oauth.client_rules import is_redirect
from opendata.services.access.oauth.device import LETTERS, _plain
from opendata.services.access.oauth.messages import Answer, Request

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    for read in (lambda: jwts.header(text, frozenset({"alg"})), lambda: jwts.unverified_subject(text)):
        try:
            read()
        except jwts.Unreadable:
            continue


def part(text):
    return urlsafe_b64encode(text.encode()).decode()


def test_what_two_readers_could_understand_differently_is_no_token():
    header = part('{"alg":"none","alg":"ES256"}')
    with pytest.raises(jwts.Unreadable):
        jwts.header(f"{header}.e30.x", frozenset({"alg"}))
    key = ECKey.generate_key("P-256")
    twice = jws.serialize_compact({"alg": "ES256"}, b'{"sub":"one","sub":"another"}', key)
    with pytest.raises(jwts.Unreadable):
        jwts.claims(twice, key, ("ES256",))
    with pytest.raises(jwts.Unreadable):
        jwts.unverified_subject(twice)
    once = jws.serialize_compact({"alg": "ES256"}, b'{"sub":"one"}', key)
    assert jwts.claims(once, key, ("ES256",)) == {"sub": "one"}


@given(ANY, ANY, ANY)
def test_any_claims_are_read_or_refused(end, begin, audience):
    try:
        jwts.require_time({"exp": end, "iat": begin, "nbf": begin}, NOW)
    except jwts.Unreadable:
        pass
    else:
        assert isinstance(end, int | float)
    try:
        jwts.require_audience({"aud": audience}, frozenset({"https://data.example"}))
    except jwts.Unreadable:
        return
    assert "https://data.example" in audience


@given(st.text())
def test_any_redirect_is_an_address_or_refused(text):
    if is_redirect(text):
        assert text.startswith(("https://", "http://", "HTTP"))


@pytest.mark.parametrize(
    "text",
    [
        "https://app.example/cb",
        "https://app.example/cb?next=%2Fa",
        "http://127.0.0.1:8123/cb",
        "http://localhost/cb",
        "http://[::1]:80/cb",
    ],
)
def test_redirects_that_are_taken(text):
    assert is_redirect(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "http://app.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "https://app.example/cb#x",
        "https://app.example/cb#",
        "https://user@app.example/cb",
        "https://app.example/c b",
        "https://app.example/\n",
        "//app.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://ăpp.example",
        5,
        None,
    ],
)
def test_redirects_that_are_not(text):
    assert not is_redirect(text)


def test_lifetimes_are_ours_and_not_the_librarys():
    assert [seconds(grant) for grant in addresses.GRANTS] == [900, 3600, 900, 900]


@given(st.text())
def test_user_codes_are_read_however_they_are_typed(text):
    assert set(_plain(text)) <= set(LETTERS)
    assert _plain("bcdf ghjk") == _plain("BCDF-GHJK") == "BCDFGHJK"


def test_secrets_stand_in_no_representation():
    request = Request("POST", "/oauth/token", [("code", "geheim")], authorization="Basic geheim")
    assert "geheim" not in f"{request!r} {Answer(200, {'access_token': 'geheim'})!r}"


def test_signed_tokens_are_cut_in_logs():
    text = "token=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl_-x and on"
    assert redact(text) == "token=eyJ… and on"
    assert redact("eyJ is no token") == "eyJ is no token"
