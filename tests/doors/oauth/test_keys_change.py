"""Signing keys change by the operator's commands while four workers are at work."""

import base64
import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

import pytest
import requests
from sqlalchemy import update

from opendata.base.models import SigningKey
from opendata.base.runtime import SYSTEM

pytestmark = pytest.mark.alone

ITSELF = {"grant_type": "client_credentials"}


@pytest.fixture
def client(portal):
    return portal.server()


def token(portal, client):
    answer = requests.post(f"{portal.url}/oauth/token", ITSELF, auth=client, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def published(portal):
    """The ids of keys that some worker names."""
    answer = requests.get(f"{portal.url}/oauth/jwks.json", timeout=20)
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    return {key["kid"] for key in answer.json()["keys"]}


def states(portal):
    return {row["kid"]: row["state"] for row in json.loads(portal.command("client", "keys", "--json"))}


def of_state(portal, state):
    return next(kid for kid, held in states(portal).items() if held == state)


def published_long_ago(portal):
    """Two days pass for the key that is next."""
    with portal.platform.work(SYSTEM) as work:
        earlier = work.now - timedelta(days=2)
        work.session.execute(update(SigningKey).where(SigningKey.state == "next").values(created=earlier))


@contextmanager
def load(portal, client):
    """Tokens that are asked for and used at once, each over connections of their own."""
    statuses, stop = Counter(), threading.Event()

    def call():
        while not stop.is_set():
            statuses[portal.presented(token(portal, client))] += 1

    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_key_signs_after_it_was_published_and_nobody_is_refused(portal, client):
    old = token(portal, client)
    before, following = published(portal), of_state(portal, "next")
    assert following in before, "published before it signs, for a day at least"
    published_long_ago(portal)
    with load(portal, client) as statuses:
        time.sleep(1)
        portal.command("client", "rotate-key", "--reason", "đến hạn")
        assert of_state(portal, "current") == following
        time.sleep(1)
        assert portal.everywhere(old) == {200}
        fresh = token(portal, client)
        assert portal.everywhere(fresh) == {200}
    assert set(statuses) == {200}, statuses
    assert statuses[200] >= 5
    kid = json.loads(_header(fresh))["kid"]
    assert kid == following
    after = published(portal)
    assert before <= after, "the old key stays published as long as its tokens live"
    assert of_state(portal, "next") in after - before


def _header(text):
    return base64.urlsafe_b64decode(text.partition(".")[0] + "==")


def test_a_key_that_is_too_young_does_not_sign(portal, client):
    token(portal, client)
    current = of_state(portal, "current")
    with pytest.raises(Exception, match="non-zero exit status"):
        portal.command("client", "rotate-key", "--reason", "đến hạn")
    assert of_state(portal, "current") == current


def test_a_removed_key_is_dead_everywhere_within_a_second(portal, client):
    held = token(portal, client)
    kid = json.loads(_header(held))["kid"]
    assert portal.everywhere(held) == {200}
    portal.command("client", "remove-key", kid, "--reason", "leaked")
    assert portal.dead_everywhere(held)
    assert all(kid not in published(portal) for _ in range(20))
    assert {portal.presented(token(portal, client)) for _ in range(10)} == {200}
