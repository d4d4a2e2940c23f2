"""A pepper is replaced: what was issued under the former goes on, and the doctor tells when that can go."""

import re
import secrets as randomness
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import update

from opendata.app import create_app
from opendata.assembly import assemble
from opendata.base.kit.errors import N_
from opendata.base.kit.secrets import Peppers
from opendata.base.models import (
    ApiKey,
    Application,
    Mail,
    OAuthClient,
    Organization,
    UserToken,
    WebhookEndpoint,
)
from opendata.base.runtime import SYSTEM, Platform
from opendata.doors.cli import key_checks
from opendata.services.access import (
    applications,
    keys,
    mails,
    people,
    pepper_use,
    resealing,
    second_factor,
    tokens,
    webhooks,
)
from opendata.services.access.authenticator import Authenticator
from opendata.services.access.last_use import LastUse
from opendata.services.access.oauth import addresses, clients, families, refresh, registration
from opendata.services.access.oauth.signing import SigningKeys
from opendata.testing.web import City

pytestmark = pytest.mark.alone
FRESH = "neu:" + "n" * 40


@contextmanager
def under(city: City, *peppers: str) -> Iterator[Platform]:
    """The same portal with other peppers in its settings."""
    other = assemble(replace(city.platform.settings, key_peppers=peppers))
    try:
        yield other
    finally:
        other.close()


def former(city: City) -> str:
    kept = city.platform.part(Peppers)
    return f"{kept.current}:{kept.keys[kept.current].decode()}"


def kid(city: City) -> str:
    return city.platform.part(Peppers).current


def left(platform: Platform) -> dict[str, int]:
    """What does not lie under the newest pepper, by what it is."""
    with platform.read(SYSTEM) as work:
        return {what: sum(found.values()) for what, found in pepper_use.counted(work).items() if found}


def told(platform: Platform) -> list[str]:
    return [finding.detail % finding.params for finding in key_checks.key_state(platform)]


@pytest.fixture(autouse=True)
def settled(city: City) -> None:
    """Nothing of the city's own hangs on a pepper for long."""
    with city.platform.work(SYSTEM) as work:
        work.session.execute(update(Mail).values(sent_at=work.now))
        work.session.execute(update(OAuthClient).values(revoked_at=work.now))
        work.session.execute(update(ApiKey).values(revoked_at=work.now))


@pytest.fixture
def person(city: City) -> tuple[str, str, list[str]]:
    """(id, secret of the device, spare codes)."""
    with city.platform.work(SYSTEM) as work:
        user = people.create(work, "hai.buoc@city.example", "Hai Bước", randomness.token_urlsafe(20))
        secret, sealed = second_factor.offer(work, user)
        codes = second_factor.turn_on(work, user, sealed, pyotp.TOTP(secret).at(work.now))
        return user.id, secret, list(codes)


@pytest.fixture
def key(city: City) -> str:
    with city.platform.work(city.caller("admin")) as work:
        return keys.create(work, applications.create(work, "của khóa"), "khóa").secret


@pytest.fixture
def client(city: City) -> tuple[str, str]:
    """(id, secret) of a client that acts for itself."""
    with city.platform.work(city.caller("editor")) as work:
        application = work.session.get_one(Application, city.application)
        made = clients.create(work, application, "máy chủ", grants=[addresses.CREDENTIALS])
        return made.client.id, made.text or ""


@pytest.fixture
def webhook(city: City) -> tuple[str, str]:
    with city.platform.work(city.caller("editor")) as work:
        application = work.session.get_one(Application, city.application)
        endpoint, _ = webhooks.add(work, application, "https://app.example/hook")
        return endpoint.id, webhooks.rotate(work, application, endpoint)


def asked(platform: Platform, client: tuple[str, str]) -> int:
    """What the token endpoint says to a client."""
    app = create_app(platform=platform)
    answer = app.test_client().post("/oauth/token", data={"grant_type": "client_credentials"}, auth=client)
    return answer.status_code


def signs(platform: Platform, webhook: tuple[str, str]) -> bool:
    with platform.read(SYSTEM) as work:
        endpoint = work.session.get_one(WebhookEndpoint, webhook[0])
        fields = webhooks.signed(work, endpoint, "evt", b"{}")
        expected = webhooks.signature(webhook[1], "evt", int(fields["Webhook-Timestamp"]), b"{}")
        return fields["Webhook-Signature"].split()[0] == expected and " " in fields["Webhook-Signature"]


def test_all_goes_on_when_the_former_pepper_is_dropped(
    city: City, person: Any, key: str, client: tuple[str, str], webhook: tuple[str, str]
) -> None:
    city.platform.part(SigningKeys).ready()
    with under(city, FRESH, former(city)) as both:
        assert {"api_key", "client_secret", "second_factor", "webhook", "signing_key"} <= left(both).keys()
        assert told(both)[-1] == f"Chưa được bỏ pepper {kid(city)} khỏi key_peppers."
        assert asked(both, client) == 200
        both.part(Authenticator).key(key)
        both.part(LastUse).flush()
        assert resealing.reseal(both) >= 5
        assert resealing.reseal(both) == 0
        used = told(both)
        assert used[-1] == f"Không còn gì dưới pepper {kid(city)}: bỏ được nó khỏi key_peppers.", used
    with under(city, FRESH) as after:
        assert after.part(Authenticator).key(key)
        assert asked(after, client) == 200
        assert signs(after, webhook)
        user_id, secret, codes = person
        with after.work(SYSTEM) as work:
            user = people.by_id(work, user_id)
            second_factor.check(
                work, user, pyotp.TOTP(secret).at(work.now + timedelta(seconds=second_factor.STEP))
            )
            second_factor.check(work, user, codes[0])
        assert {finding.state for finding in key_checks.key_state(after)} == {"ok"}


def test_what_is_lost_is_told_by_its_name(city: City, client: tuple[str, str]) -> None:
    with under(city, FRESH) as after:
        findings = list(key_checks.key_state(after))
        assert {finding.state for finding in findings} == {"fail"}
        assert f"pepper {kid(city)}: 1 bí mật của ứng dụng khách, chuyển khi được dùng." in told(after)
        assert asked(after, client) == 401


def test_a_second_factor_that_cannot_be_read_is_told_at_the_sign_in(city: City, person: Any) -> None:
    user_id, secret, _ = person
    with under(city, FRESH) as after:
        browser = create_app(platform=after).test_client()
        page = browser.get("/sign-in").text
        with after.work(SYSTEM) as work:
            pending = second_factor.begin(work, people.by_id(work, user_id))
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token is not None
        code = pyotp.TOTP(secret).now()
        data = {"csrf_token": token[1], "pending": pending, "code": code}
        answer = browser.post("/sign-in/code", data=data)
        assert answer.status_code == 503
        assert "không đọc được xác thực hai bước" in answer.text


def test_spare_codes_of_before_work_while_their_pepper_is_there(city: City, person: Any) -> None:
    """They were digests under a pepper; which one was not written down."""
    user_id, _, _ = person
    digest = city.platform.part(Peppers).derive(f"spare code {user_id}", "ABCDEF012345")
    with city.platform.work(SYSTEM) as work:
        life = {"created": work.now, "expires": work.now + second_factor.RECOVERY_LIFE}
        work.session.add(UserToken(digest=digest, purpose="recovery", user_id=user_id, data={}, **life))
    with under(city, FRESH, former(city)) as both:
        resealing.reseal(both)
        assert left(both)["spare_code"] == 1
        with both.work(SYSTEM) as work:
            second_factor.check(work, people.by_id(work, user_id), "abcd-ef01-2345")
        assert "spare_code" not in left(both)


def test_a_registration_token_moves_when_it_is_used(city: City) -> None:
    with city.platform.work(city.caller("admin")) as work:
        ticket = registration.invite(work, work.session.get_one(Organization, city.own), uses=2)
    metadata = {"client_name": "Tự ghi danh", "redirect_uris": ["https://bus.example/cb"]}
    made: Any = registration.register(city.platform, ticket, metadata).body
    token, client_id = made["registration_access_token"], made["client_id"]
    with under(city, FRESH, former(city)) as both:
        assert {"registration": 1, "initial_access_token": 1}.items() <= left(both).items()
        assert registration.configure(both, "GET", token, client_id, None).status == 200
        assert "registration" not in left(both)
        assert registration.register(both, ticket, metadata).status == 201
        assert "initial_access_token" not in left(both)
    with under(city, FRESH) as after:
        assert registration.configure(after, "GET", token, client_id, None).status == 200


def test_a_refresh_token_holds_its_pepper_until_it_is_used_or_its_family_ends(city: City) -> None:
    with city.platform.work(city.caller("editor")) as work:
        application = work.session.get_one(Application, city.application)
        grants = [addresses.DEVICE, addresses.REFRESH]
        made = clients.create(work, application, "thiết bị", grants=grants, auth_method="none")
        for _ in range(2):
            family = families.begin(work, made.client.id, city.users["editor"], "read")
            token = refresh.store(work, family, scope="read", resource=None)
    with under(city, FRESH, former(city)) as both:
        assert left(both)["refresh_token"] == 2
        asked = {"grant_type": "refresh_token", "client_id": made.client.id, "refresh_token": token}
        answer = create_app(platform=both).test_client().post("/oauth/token", data=asked)
        assert answer.status_code == 200
        assert left(both)["refresh_token"] == 1
        with both.work(SYSTEM) as work:
            families.end_of_person(work, city.users["editor"])
        assert "refresh_token" not in left(both)


def test_a_link_in_a_mail_that_waits_holds_its_pepper(city: City) -> None:
    with city.platform.work(SYSTEM) as work:
        seed = tokens.mailed(work, "reset", life=timedelta(hours=1), user_id=city.users["editor"])
        link = mails.link("/reset", seed, "vi")
        mail = mails.post(work, "a@city.example", "vi", N_("Thư"), N_("Mở %(link)s"), link=link)
    with under(city, FRESH, former(city)) as both:
        assert left(both)["mail"] == 1
        with both.work(SYSTEM) as work:
            work.session.get_one(Mail, mail.id).sent_at = work.now
        assert "mail" not in left(both)
