"""A key from first to last: shown once, rotated without a gap, gone within a second everywhere."""

import random
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from opendata.app import create_app
from opendata.assembly import assemble
from opendata.base.kit.errors import Invalid
from opendata.base.kit.secrets import Peppers
from opendata.base.models import ApiKey, User
from opendata.base.runtime import SYSTEM
from opendata.services.access import accounts, applications, keys, signup
from opendata.services.access.applications import ConfirmFirst, TooManyApplications
from opendata.services.access.authenticator import Authenticator
from opendata.services.access.changes import Changes
from opendata.services.access.keys import KeyReplaced, KeyRevoked, TooManyKeys
from opendata.services.access.last_use import LastUse
from opendata.testing.web import City, problem_of

pytestmark = pytest.mark.alone

URL = "/api/v1/datasets"
PASSWORD = "a long enough password"
SEED = random.randrange(2**32)


def call(city: City, secret: str) -> Any:
    return city.client().get(URL, headers={"X-Api-Key": secret})


def new(city: City, role: str = "admin", **limits: Any) -> tuple[str, str, str]:
    """(application, key, secret)."""
    with city.platform.work(city.caller(role)) as work:
        made = applications.create(work, f"ứng dụng {time.monotonic_ns()}")
        key = keys.create(work, made, "khóa", **limits)
        return made.id, key.key.id, key.secret


def test_the_secret_is_in_one_answer_and_nowhere_else(city: City) -> None:
    client = city.client("admin")
    app = client.post("/api/v1/apps", json={"name": "a"}).get_json()["id"]
    made = client.post(f"/api/v1/apps/{app}/keys", json={"name": "k"})
    assert made.headers["Cache-Control"] == "no-store"
    secret = made.get_json()["secret"]
    assert call(city, secret).status_code == 200
    for path in (
        f"/api/v1/apps/{app}/keys",
        f"/api/v1/apps/{app}",
        "/api/v1/apps",
        f"/developers/apps/{app}",
    ):
        shown = client.get(path).text
        assert secret not in shown
        assert secret[15:] not in shown
    assert f"{secret[:15]}…" in client.get(f"/api/v1/apps/{app}/keys").get_json()["data"][0]["display"]


def test_a_rotation_copies_what_the_key_may_and_leaves_no_gap(city: City) -> None:
    app, key, secret = new(city, cidrs=["127.0.0.0/8"], origins=[])
    client = city.client("admin")
    made = client.post(f"/api/v1/apps/{app}/keys/{key}/rotate", json={"overlap_hours": 1})
    assert made.status_code == 201
    fresh = made.get_json()
    for field in ("name", "scopes", "products", "cidrs", "origins"):
        old = client.get(f"/api/v1/apps/{app}/keys").get_json()["data"]
        assert fresh[field] == next(item for item in old if item["id"] == key)[field]
    city.platform.part(Changes).look()
    before, after = call(city, secret), call(city, fresh["secret"])
    assert (before.status_code, after.status_code) == (200, 200)
    ends = parsedate_to_datetime(before.headers["X-Credential-Expires"])
    assert timedelta(minutes=59) < ends - datetime.now(UTC) <= timedelta(minutes=61)
    assert "X-Credential-Expires" not in after.headers


def test_rotation_under_load_refuses_nobody(city: City) -> None:
    app, key, secret = new(city)
    held, told, stopping = [secret], Counter[tuple[int, int]](), threading.Event()

    def load() -> None:
        while not stopping.wait(0.01):  # well within the plan
            told.update((number, call(city, text).status_code) for number, text in enumerate(list(held)))

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    with city.platform.work(city.caller("admin")) as work:
        found = applications.get(work, app)
        fresh = keys.rotate(work, found, keys.get(work, found, key), overlap_hours=1).secret
    held.append(fresh)
    time.sleep(1.2)
    stopping.set()
    for thread in threads:
        thread.join()
    assert told.keys() == {(0, 200), (1, 200)}, told


def test_after_the_overlap_the_old_key_has_expired(city: City) -> None:
    app, key, secret = new(city)
    with city.platform.work(city.caller("admin")) as work:
        found = applications.get(work, app)
        keys.rotate(work, found, keys.get(work, found, key), overlap_hours=0)
    city.platform.part(Changes).look()
    problem_of(call(city, secret), 403, "key_expired")


def test_an_overlap_never_lengthens_a_life(city: City) -> None:
    """I5: at most seven days, and never beyond the old end."""
    chance = random.Random(SEED)
    for _ in range(20):
        life, overlap = chance.randrange(1, 400), chance.randrange(0, 169)
        with city.platform.work(city.caller("admin")) as work:
            app = applications.create(work, f"a{chance.random()}")
            end = work.now + timedelta(hours=life)
            old = keys.create(work, app, "k", expires_at=end)
            keys.rotate(work, app, old.key, overlap_hours=overlap)
            assert old.key.expires_at == min(end, old.key.expires_at)
            assert old.key.expires_at <= work.now + timedelta(hours=overlap, seconds=1)
            with pytest.raises(KeyReplaced):
                keys.rotate(work, app, old.key)
            for wrong in (-1, 169, 10**6):
                with pytest.raises(Invalid):
                    keys.rotate(work, app, keys.create(work, app, "x").key, overlap_hours=wrong)
                break


def test_revocation_holds_in_every_worker_within_a_second(city: City) -> None:
    """Two processes' worth of caches over one database, both warm; the revocation goes through one."""
    other = assemble(city.platform.settings)
    try:
        app = create_app(platform=other)
        app_id, key, secret = new(city)
        headers = {"X-Api-Key": secret}
        for door in (city.app, app):
            assert door.test_client().get(URL, headers=headers).status_code == 200
        answer = city.client("admin").delete(f"/api/v1/apps/{app_id}/keys/{key}", json={"reason": "lộ"})
        began = time.monotonic()
        assert answer.status_code == 200
        assert "effective_by" in answer.get_json()
        refused: dict[int, float] = {}
        while len(refused) < 2 and time.monotonic() - began < 3:
            for number, door in enumerate((city.app, app)):
                if number not in refused and door.test_client().get(URL, headers=headers).status_code == 401:
                    refused[number] = time.monotonic() - began
            time.sleep(0.01)
        assert len(refused) == 2
        assert max(refused.values()) <= 1.2  # a second, and the slowness of a loaded machine
    finally:
        other.close()


def test_the_watch_sees_changes_while_nobody_calls(city: City) -> None:
    changes = city.platform.part(Changes)
    changes.start()
    _, _, secret = new(city)
    assert call(city, secret).status_code == 200
    with city.platform.work(SYSTEM) as work:
        found = keys.find(work, secret)
        assert found is not None
        keys.end(work, found, "thử")
    known = city.platform.part(Authenticator)
    deadline = time.monotonic() + 3
    while known._known and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not known._known


def test_what_is_read_while_something_changes_is_not_kept(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key revoked between being read and being remembered must not be remembered as good."""
    _, _, secret = new(city)
    known, changes = city.platform.part(Authenticator), city.platform.part(Changes)
    changes.look()
    keep = Authenticator._keep

    def late(self: Authenticator, *args: Any) -> None:
        with city.platform.work(SYSTEM) as work:
            found = keys.find(work, secret)
            assert found is not None
            keys.end(work, found, "thử")
        changes.look()
        keep(self, *args)

    monkeypatch.setattr(Authenticator, "_keep", late)
    known.key(secret)
    monkeypatch.undo()
    problem_of(call(city, secret), 401, "key_revoked")


def test_revocation_is_final(city: City) -> None:
    app, key, _ = new(city)
    with city.platform.work(city.caller("admin")) as work:
        found = applications.get(work, app)
        gone = keys.get(work, found, key)
        keys.revoke(work, found, gone, reason="một")
        keys.revoke(work, found, gone, reason="hai")
        assert gone.revoked_reason == "một"
        for change in (
            lambda: keys.rotate(work, found, gone),
            lambda: keys.edit(work, found, gone, {"name": "x"}),
        ):
            with pytest.raises(KeyRevoked):
                change()


def test_an_operator_says_why(city: City) -> None:
    app, key, secret = new(city)
    client = city.client("operator")
    problem_of(client.delete(f"/api/v1/apps/{app}/keys/{key}"), 422)
    problem_of(client.post(f"/api/v1/apps/{app}/keys", json={"name": "x"}), 403)
    assert (
        client.delete(f"/api/v1/apps/{app}/keys/{key}", json={"reason": "Gọi quá nhiều."}).status_code == 200
    )
    city.platform.part(Changes).look()
    problem_of(call(city, secret), 401, "key_revoked")


def signed_up(city: City) -> tuple[str, str, str]:
    """(person, application, secret) of a fresh account."""
    with city.platform.work() as work:
        account = signup.sign_up(work, "moi@city.example", "Người Mới", PASSWORD)
        return account.user.id, account.application.id, account.first_key.secret


def test_until_the_address_is_confirmed_keys_are_few_and_short(city: City) -> None:
    person, app, secret = signed_up(city)

    def caller() -> Any:
        with city.platform.read() as work:
            return signup.people.caller_of(work, work.session.get_one(User, person))

    answer = call(city, secret)
    ends = parsedate_to_datetime(answer.headers["X-Credential-Expires"])
    assert timedelta(days=6) < ends - datetime.now(UTC) <= timedelta(days=7)
    with city.platform.work(caller()) as work:
        found = applications.get(work, app)
        keys.create(work, found, "hai")
        with pytest.raises(ConfirmFirst):
            keys.create(work, found, "ba")
        with pytest.raises(ConfirmFirst):
            applications.create(work, "hai")
    with city.platform.work(SYSTEM) as work:
        accounts.own(work, work.session.get_one(User, person))
    city.platform.part(Changes).look()
    assert "X-Credential-Expires" not in call(city, secret).headers  # lifted at once
    with city.platform.work(caller()) as work:
        keys.create(work, applications.get(work, app), "ba")


def test_an_unconfirmed_account_does_not_live_on_by_new_keys(city: City) -> None:
    person, app, secret = signed_up(city)
    later = datetime.now(UTC) + timedelta(days=8)
    city.platform.clock = lambda: later
    problem_of(call(city, secret), 403, "key_expired")
    with city.platform.read() as work:
        caller = signup.people.caller_of(work, work.session.get_one(User, person))
    with city.platform.work(caller) as work, pytest.raises(ConfirmFirst):
        keys.create(work, applications.get(work, app), "mới")


def test_keys_and_applications_are_counted(city: City) -> None:
    app, _, _ = new(city)
    with city.platform.work(city.caller("admin")) as work:
        found = applications.get(work, app)
        for number in range(9):
            keys.create(work, found, f"k{number}")
        with pytest.raises(TooManyKeys):
            keys.create(work, found, "nữa")
        keys.revoke(work, found, keys.listing(work, found)[0])
        keys.create(work, found, "nữa")
    city.platform.settings = SettingsOf(city.platform.settings, apps_per_user=1)
    with city.platform.work(city.caller("admin")) as work, pytest.raises(TooManyApplications):
        applications.create(work, "quá")


class SettingsOf:
    """Settings with one of them changed."""

    def __init__(self, settings: Any, **changed: Any) -> None:
        self._settings, self._changed = settings, changed

    def __getattr__(self, name: str) -> Any:
        return self._changed.get(name, getattr(self._settings, name))


@pytest.mark.parametrize(
    "wrong",
    [
        {"cidrs": ["203.0.113.0/33"]},
        {"cidrs": ["example.org"]},
        {"cidrs": [""]},
        {"origins": ["https://app.example/"]},
        {"origins": ["https://app.example/x"]},
        {"origins": ["app.example"]},
        {"origins": ["*"]},
        {"origins": ["https://*.example"]},
        {"origins": ["https://a@app.example"]},
        {"origins": ["https://app.example:443"]},
        {"origins": ["javascript:alert(1)"]},
        {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"expires_at": datetime(2099, 1, 1, tzinfo=UTC)},
        {"wanted": []},
        {"wanted": ["publish"], "origins": ["https://app.example"]},
    ],
    ids=str,
)
def test_a_key_that_makes_no_sense_is_not_made(city: City, wrong: dict[str, Any]) -> None:
    with city.platform.work(city.caller("admin")) as work:
        app = applications.create(work, "a", wanted=("read", "publish"))
        with pytest.raises(Invalid):
            keys.create(work, app, "k", **wrong)


@pytest.mark.parametrize("name", ["", " ", "\u200b", "x" * 101])
def test_a_key_has_a_name(city: City, name: str) -> None:
    with city.platform.work(city.caller("admin")) as work, pytest.raises(Invalid):
        keys.create(work, applications.create(work, "a"), name)


def test_the_day_of_the_last_use_is_written_once_a_day(city: City) -> None:
    _, key, secret = new(city)
    for _ in range(5):
        call(city, secret)
    last_use = city.platform.part(LastUse)
    last_use.flush()
    with city.platform.read() as work:
        assert work.session.get_one(ApiKey, key).last_used_on is not None
    call(city, secret)
    assert not last_use._used


def test_a_pepper_is_replaced_while_keys_go_on(city: City) -> None:
    """KEY-01: two live for a while; a key moves to the new one on its next use, then the old one can go."""
    _, key, secret = new(city)
    before = city.platform.part(Peppers)
    after = Peppers({"neu": b"n" * 40, **before.keys})
    settings = SettingsOf(
        city.platform.settings, key_peppers=tuple(f"{k}:{v.decode()}" for k, v in after.keys.items())
    )
    other = assemble(settings)  # type: ignore[arg-type]
    try:
        assert other.part(Authenticator).key(secret).id == key
        other.part(LastUse).flush()
        with other.read() as work:
            assert work.session.get_one(ApiKey, key).pepper_kid == "neu"
    finally:
        other.close()
