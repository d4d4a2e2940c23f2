"""What has ended is forgotten, what has not is kept, and nothing comes back by being forgotten."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from opendata.base.kit.clock import utc_now
from opendata.base.models import (
    ApplicationTransfer,
    AssertionId,
    AuthorizationCode,
    ClientSecret,
    DeniedToken,
    DeviceCode,
    InitialAccessToken,
    Mail,
    OAuthClient,
    OAuthGrant,
    Organization,
    RefreshToken,
    SigningKey,
    User,
    UserSession,
    UserToken,
    WebhookDelivery,
)
from opendata.base.runtime import SYSTEM, Work
from opendata.base.runtime.timetable import Timetable
from opendata.services.access import purging, sessions, tokens
from opendata.services.access.oauth import (
    assertion,
    device,
    families,
    refresh,
    registration,
    signing,
)
from opendata.services.access.oauth.signing import SigningKeys
from opendata.testing.web import City

EVERY = (
    AssertionId,
    AuthorizationCode,
    ClientSecret,
    DeniedToken,
    DeviceCode,
    InitialAccessToken,
    OAuthGrant,
    RefreshToken,
    UserSession,
    UserToken,
)


def one_of_each(work: Work, city: City) -> None:
    user = work.session.get_one(User, city.users["editor"])
    client = work.session.get_one(OAuthClient, city.oauth_client)
    sessions.start(work, user, hours=1)
    tokens.direct(work, "reset", life=timedelta(hours=1), user_id=user.id)
    family = families.begin(work, client.id, user.id, "read")
    refresh.store(work, family, scope="read", resource=None)
    families.deny(work, "jti", timedelta(hours=1))
    assertion.remember(work, client.id, "jti", work.now + timedelta(minutes=1))
    registration.invite(work, work.session.get_one(Organization, city.own))
    for model, more in (
        (AuthorizationCode, {"redirect_uri": "https://a.example", "challenge": "x", "digest": b"1" * 32}),
        (DeviceCode, {"user_code_digest": b"2" * 32, "digest": b"3" * 32}),
    ):
        work.session.add(
            model(
                client_id=client.id,
                user_id=user.id,
                scope="read",
                expires_at=work.now + device.LIFE,
                **more,
            )
        )


def counts(work: Work) -> dict[str, int]:
    return {
        model.__tablename__: work.session.scalar(select(func.count()).select_from(model)) or 0
        for model in EVERY
    }


@pytest.fixture
def full(city: City) -> City:
    with city.platform.work(SYSTEM) as work:
        one_of_each(work, city)
    return city


def later(city: City, by: timedelta) -> None:
    city.platform.clock = lambda: utc_now() + by


def test_what_is_in_use_is_kept(full: City) -> None:
    with full.platform.read() as work:
        before = counts(work)
    assert all(before.values()), before
    assert not any(purging.purge(full.platform).values())
    with full.platform.read() as work:
        assert counts(work) == before


def test_what_has_ended_is_forgotten(full: City) -> None:
    later(full, timedelta(days=500))
    removed = purging.purge(full.platform)
    with full.platform.read() as work:
        assert not any(counts(work).values())
    assert set(removed) >= {model.__tablename__ for model in EVERY}


def test_a_used_code_and_a_dead_family_are_remembered_for_a_while(full: City) -> None:
    with full.platform.work(SYSTEM) as work:
        for family in work.session.scalars(select(OAuthGrant)).all():
            families.end(work, family.id, reused=True)
    later(full, timedelta(hours=20))
    purging.purge(full.platform)
    with full.platform.read() as work:
        left = counts(work)
    assert left["authorization_code"] == left["oauth_grant"] == left["refresh_token"] == 1


def test_many_are_removed_a_few_at_a_time(full: City, monkeypatch: pytest.MonkeyPatch) -> None:
    with full.platform.work(SYSTEM) as work:
        user = work.session.get_one(User, full.users["editor"])
        for _ in range(25):
            sessions.start(work, user, hours=1)
    monkeypatch.setattr(purging, "AT_ONCE", 10)
    monkeypatch.setattr(purging, "ROUNDS", 2)
    later(full, timedelta(days=2))
    assert purging.purge(full.platform)["user_session"] == 20
    assert purging.purge(full.platform)["user_session"] >= 5


def test_a_thousand_of_a_table_with_two_keys_are_removed_at_once(city: City) -> None:
    with city.platform.work(SYSTEM) as work:
        for number in range(1100):
            assertion.remember(work, city.oauth_client, f"jti{number}", work.now + timedelta(minutes=1))
    later(city, timedelta(days=1))
    assert purging.purge(city.platform)["assertion_id"] == 1100


def test_a_table_that_cannot_be_purged_keeps_no_other_from_it(
    full: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = purging._remove

    def broken(work: Work, model: type) -> int:
        if model is UserSession:
            raise ValueError(model.__tablename__)
        return remove(work, model)

    monkeypatch.setattr(purging, "_remove", broken)
    later(full, timedelta(days=500))
    with pytest.raises(ExceptionGroup) as caught:
        purging.purge(full.platform)
    assert [str(error) for error in caught.value.exceptions] == ["user_session"]
    with full.platform.read() as work:
        left = counts(work)
    assert {table for table, number in left.items() if number} == {"user_session"}


def test_messages_and_offers_are_forgotten_a_month_after_their_end(city: City) -> None:
    with city.platform.work(SYSTEM) as work:
        work.session.add(
            ApplicationTransfer(
                application_id=city.application, to_email="a@b.example", created=work.now, expires=work.now
            )
        )
        for sent_at in (work.now, None):
            work.session.add(Mail(to="a@b.example", subject="x", body="x", created=work.now, sent_at=sent_at))
        for state in ("delivered", "dead", "waiting"):
            work.session.add(
                WebhookDelivery(
                    endpoint_id=city.webhook, event="evt_1", kind="key.created", body="{}", state=state,
                    next_at=work.now, created=work.now,
                )
            )  # fmt: skip
    tables = ("application_transfer", "mail", "webhook_delivery")
    for days, number in ((29, (0, 0, 0)), (31, (1, 1, 2))):
        later(city, timedelta(days=days))
        removed = purging.purge(city.platform)
        assert tuple(removed[table] for table in tables) == number


def test_keys_that_sign_no_more_leave_no_private_part_behind(city: City) -> None:
    city.platform.part(SigningKeys).ready()
    with city.platform.work(SYSTEM) as work:
        old = signing.listing(work)[0].kid
        signing.rotate(work, reason="thử", at_once=True)
    later(city, timedelta(days=31))
    purging.purge(city.platform)
    with city.platform.read(SYSTEM) as work:
        kids = {row.kid: row.state for row in signing.listing(work)}
    assert sorted(kids.values()) == ["current", "next"]
    assert old not in kids
    with city.platform.read() as work:
        assert work.session.get(SigningKey, old) is None


def test_workers_do_it_every_hour(full: City) -> None:
    timetable = full.platform.part(Timetable)
    later(full, timedelta(days=2))
    timetable.tick()
    assert timetable.result("access.purge")["user_session"] >= 1
    with full.platform.read() as work:
        assert counts(work)["user_session"] == 0
