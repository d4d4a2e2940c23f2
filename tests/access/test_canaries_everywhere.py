"""Secrets of every kind are shown to every route there is, while everything logs all it can; then they are
looked for wherever something is kept: logs, mails, metrics, the database, every file of the installation."""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from itertools import cycle
from typing import Any

import pyotp
import pytest
import structlog
from sqlalchemy import select
from sqlalchemy import text as statement
from sqlalchemy.exc import DBAPIError
from werkzeug.routing import Rule

from opendata.base.kit import secrets
from opendata.base.models import Application, Mail, OAuthClient, Organization, User
from opendata.base.runtime import SYSTEM, Work
from opendata.doors.http.identity import COOKIE, TOKEN_FIELD
from opendata.services.access import keys, mails, people, second_factor, sessions, tokens, webhooks
from opendata.services.access.oauth import access_tokens, clients, families, refresh, registration
from opendata.services.access.oauth.signing import SigningKeys
from opendata.testing.keeping import kept
from opendata.testing.web import City

PASSWORD = "mật khẩu chim hoàng yến trong mỏ than"


@dataclass
class Canaries:
    """`carried` have a form of their own, and are shown everywhere. `proper` are shown where they belong."""

    carried: dict[str, str] = field(default_factory=dict)
    proper: dict[str, str] = field(default_factory=dict)
    sessions: list[str] = field(default_factory=list)

    @cached_property
    def rotating(self) -> Iterator[str]:
        """Those that have a form, one after the other, for addresses."""
        return cycle(list(self.carried.values()))

    def needles(self) -> Iterator[tuple[str, str]]:
        """What may stand nowhere, by kind: of those with a form the part that is never shown."""
        for kind, text in self.carried.items():
            yield kind, text.rpartition(".")[2][:40] if kind == "access token" else text[15:]
        yield from self.proper.items()
        for text in self.sessions:
            yield "session", text


@pytest.fixture
def canaries(loud: City) -> Canaries:
    """One of each kind, all of them good, and two that nobody knows."""
    loud.platform.part(SigningKeys).ready()
    found = Canaries()
    with loud.platform.work(loud.caller("editor")) as work:
        application = work.session.get_one(Application, loud.application)
        found.carried["key"] = keys.create(work, application, "chim").secret
        client = work.session.get_one(OAuthClient, loud.oauth_client)
        found.carried["client secret"] = clients.add_secret(work, client).text or ""
        found.carried["webhook secret"] = webhooks.add(work, application, "https://app.example/chim")[1]
        found.carried |= _tokens(work, application, client, loud.users["editor"])
        found.proper |= _second_factor(work, work.session.get_one(User, loud.users["member"]))
        found.proper["link"] = tokens.direct(
            work, "reset", life=timedelta(hours=1), user_id=loud.users["editor"]
        )
    with loud.platform.work(loud.caller("admin")) as work:
        organization = work.session.get_one(Organization, loud.own)
        found.carried["initial access token"] = registration.invite(work, organization)
    with loud.platform.work(SYSTEM) as work:
        people.create(work, "chim@haiphong.example", "Chim", PASSWORD)
    found.proper["password"] = PASSWORD
    found.carried |= {f"unknown {kind}": secrets.draw("hpd", kind) for kind in secrets.KINDS}
    return found


def _tokens(work: Work, application: Application, client: OAuthClient, person: str) -> Mapping[str, str]:
    family = families.begin(work, client.id, person, "read publish")
    token = access_tokens.sign(
        work,
        application,
        client_id=client.id,
        grant_type="authorization_code",
        subject=person,
        scope="read publish",
        audience="http://localhost",
        family=family.id,
    )
    return {
        "refresh token": refresh.store(work, family, scope="read publish", resource=None),
        "access token": token,
    }


def _second_factor(work: Work, user: User) -> Mapping[str, str]:
    secret, sealed = second_factor.offer(work, user)
    codes = second_factor.turn_on(work, user, sealed, pyotp.TOTP(secret).at(work.now))
    return {"seed of the second factor": secret, "recovery code": codes[0]}


def shown_to(city: City, rule: Rule, canaries: Canaries) -> None:
    """Every way a secret can come to a route: path, query, JSON, form, each header, the session."""
    carried, everything = canaries.carried, {**canaries.carried, **canaries.proper}
    fields = {kind.replace(" ", "_"): text for kind, text in everything.items()}
    usual = {
        "email": "chim@haiphong.example",
        "current": PASSWORD,
        "new": PASSWORD,
        "code": fields["recovery_code"],
    }
    form = {
        **fields,
        **usual,
        "q": carried["key"],
        "name": "Chim",
        "reason": carried["client secret"],
    }
    queries = [
        {"q": carried["key"], "lang": carried["refresh token"], "cursor": carried["access token"]},
        {"api_key": carried["key"]},
        {"token": canaries.proper["link"]},
    ]
    headers: list[dict[str, str]] = [
        {"X-Api-Key": carried["key"], "User-Agent": carried["client secret"]},
        {
            "Authorization": f"Bearer {carried['access token']}",
            "Referer": f"http://localhost/?k={carried['key']}",
        },
        {"Authorization": f"Bearer {carried['unknown live']}", "X-Request-Id": carried["key"]},
        {"Authorization": f"ApiKey {carried['refresh token']}", "If-Match": carried["key"]},
    ]
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
        address = re.sub(r"<[^>]+>", next(canaries.rotating), rule.rule)
        for header in headers:
            answered(city.app.test_client().open(address, method=method, headers=header, json=form))
        for query in queries:
            answered(city.app.test_client().open(address, method=method, query_string=query))
        basic = (city.oauth_client, carried["client secret"])
        answered(city.app.test_client().open(address, method=method, auth=basic, data=form))
        signed_in(city, address, method, form, canaries)
        city.app.extensions["opendata.misses"].forgive("127.0.0.1")


def signed_in(city: City, address: str, method: str, form: Mapping[str, Any], canaries: Canaries) -> None:
    with city.platform.work(SYSTEM) as work:
        user = work.session.get_one(User, city.users["editor"])
        opened = sessions.start(work, user, hours=1)
    canaries.sessions.append(opened.token)
    browser = city.app.test_client()
    browser.set_cookie(COOKIE, opened.token)
    data = {**form, TOKEN_FIELD: opened.csrf} if method != "GET" else None
    answered(browser.open(address, method=method, data=data))


def answered(response: Any) -> None:
    """A problem tells of no secret, though it names the address and what was wrong in the request."""
    request = response.request
    assert response.status_code < 500, (request.method, request.path, response.status_code)
    if response.mimetype == "application/problem+json":
        assert secrets.redact(response.text) == response.text, (request.method, request.path)


def delivered(city: City) -> Iterator[tuple[str, bytes]]:
    """Mails as they leave, with their links filled in: those are for the one they are sent to."""
    with city.platform.read() as work:
        for mail in work.session.scalars(select(Mail)):
            yield "mail", mails.filled(city.platform, mail.body).encode()


def test_no_secret_of_any_kind_is_kept_or_told_anywhere(
    loud: City, canaries: Canaries, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    rules = [rule for rule in loud.app.url_map.iter_rules() if not rule.rule.startswith("/en/")]
    assert len(rules) > 150
    written: list[str] = []
    for rule in rules:
        shown_to(loud, rule, canaries)
        told = capsys.readouterr()
        written += [told.out, told.err]
    for shown in canaries.carried.values():
        logging.getLogger("somebody").error("failed with %s", shown)
        structlog.get_logger("ours").error("failed", value=shown, deep={shown: [shown]})
        try:
            int(shown)
        except ValueError:
            structlog.get_logger("ours").exception("failed")
            logging.getLogger("somebody").exception("failed")
    told = capsys.readouterr()
    log = "".join([*written, told.out, told.err, caplog.text])
    assert canaries.carried["key"][:15] in log, "cut, not lost: the logs were looked at"
    places = [*kept(loud), *delivered(loud)]
    assert any(name.startswith("opendata.db") or name == "user" for name, _ in places)
    found = []
    for kind, needle in canaries.needles():
        if needle in log:
            found.append(f"{kind} in the log")
        found += [f"{kind} in {name}" for name, content in places if needle.encode() in content]
    assert not found, sorted(set(found))


def test_a_key_that_is_named_as_a_reason_is_cut(city: City) -> None:
    """ "Revoke it, it leaked: hpd_live_…" is what people write."""
    with city.platform.work(city.caller("editor")) as work:
        application = work.session.get_one(Application, city.application)
        made = keys.create(work, application, "lộ")
        keys.revoke(work, application, made.key, reason=f"lộ khóa {made.secret} trên mạng")
        client = work.session.get_one(OAuthClient, city.oauth_client)
        secret = clients.add_secret(work, client).text or ""
        clients.revoke(work, client, reason=f"lộ {secret}")
        assert made.key.revoked_reason == f"lộ khóa {secrets.shown(made.secret)} trên mạng"
    needles = [one[15:].encode() for one in (made.secret, secret)]
    assert [name for name, content in kept(city) for needle in needles if needle in content] == []


def test_an_error_of_the_database_does_not_tell_what_was_sent(city: City) -> None:
    with city.platform.read() as work, pytest.raises(DBAPIError) as failed:
        work.session.execute(statement("SELECT nothing FROM nowhere WHERE a = :a"), {"a": PASSWORD})
    assert PASSWORD not in repr(failed.value)
    assert PASSWORD not in str(failed.value)
