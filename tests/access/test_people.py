"""People: signing up says nothing about others, links open once, roles are given within bounds."""

import itertools
import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from opendata.base.kit.errors import Invalid, NotAllowed, NotFound
from opendata.base.kit.secrets import Peppers, Unsealable
from opendata.base.models import Job, Mail, Membership, Organization, User, UserToken, WebhookEndpoint
from opendata.base.runtime import ROLES, SYSTEM
from opendata.services.access import (
    accounts,
    applications,
    credentials,
    invitations,
    keys,
    mails,
    members,
    people,
    second_factor,
    sessions,
    signup,
    teams,
    tokens,
    webhooks,
)
from opendata.services.access.applications import ConfirmFirst
from opendata.services.access.authenticator import Authenticator
from opendata.services.access.changes import Changes
from opendata.services.access.invitations import AlreadyMember, OtherAddress
from opendata.services.access.members import LastAdmin, RoleNotHeld
from opendata.services.access.oauth import clients
from opendata.services.access.tokens import LinkEnded
from opendata.testing.queries import counted
from opendata.testing.web import City, problem_of

PASSWORD = "a long enough password"
URL = "/api/v1/datasets"
SEED = random.randrange(2**32)


def run_jobs(city: City) -> None:
    """What the worker would do: the jobs of accounts, each by its own function."""
    from opendata.assembly import ACCOUNT_JOBS

    with city.platform.work(SYSTEM) as work:
        waiting = work.session.scalars(
            select(Job).where(Job.state == "queued", Job.kind.in_(ACCOUNT_JOBS)).order_by(Job.queued_at)
        ).all()
        for job in waiting:
            job.state = "done"
    for job in waiting:
        ACCOUNT_JOBS[job.kind](city.platform, job.arguments)


def newest_mail(city: City, to: str) -> Mail:
    run_jobs(city)
    with city.platform.read() as work:
        found = work.session.scalar(select(Mail).where(Mail.to == to).order_by(Mail.id.desc()).limit(1))
    assert found is not None
    return found


def token_of(city: City, to: str) -> str:
    """The token in the newest mail to this address, as it would be sent."""
    body = mails.filled(city.platform, newest_mail(city, to).body)
    found = re.search(r"token=([0-9a-f]{64})", body)
    assert found is not None, body
    return found[1]


def sign_up(city: City, email: str) -> signup.Account:
    with city.platform.work() as work:
        return signup.sign_up(work, email, "Người", PASSWORD)


def caller_of(city: City, user_id: str) -> Any:
    with city.platform.read() as work:
        return people.caller_of(work, work.session.get_one(User, user_id))


def confirmed(city: City, email: str) -> str:
    person = sign_up(city, email).user.id
    with city.platform.work() as work:
        accounts.confirm(work, token_of(city, email))
    return person


# --- signing up -----------------------------------------------------------------------------------


def form_token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def posted(city: City, email: str) -> Any:
    client = city.client()
    token = form_token(client.get("/sign-up").text)
    data = {"csrf_token": token, "email": email, "name": "Người", "password": PASSWORD}
    return client.post("/sign-up", data=data)


def shape(text: str, email: str) -> str:
    """A page without what differs by chance or was typed."""
    text = re.sub(r"hpd_live_\w+|(app|key)_\w+|csrf[^>]+>|[0-9a-f-]{12,36}|datetime=\S+", "", text)
    return text.replace(email, "@").replace("&#39;", "'")


def test_signing_up_says_nothing_about_an_address(city: City) -> None:
    """ACC-02: known and confirmed, known and waiting, unknown, in other letters: one answer, one work."""
    confirmed(city, "co.roi@city.example")
    sign_up(city, "dang.cho@city.example")
    answers, work = [], []
    for email in (
        "co.roi@city.example",
        "dang.cho@city.example",
        "chua.co@city.example",
        "CO.ROI@City.example",
    ):
        with counted(city.platform) as statements:
            answer = posted(city, email)
        assert answer.status_code == 201
        answers.append(shape(answer.text, email))
        work.append(len(statements))
        secret = re.search(r"hpd_live_\w{38}", answer.text)
        assert secret is not None
        assert city.client().get(URL, headers={"X-Api-Key": secret[0]}).status_code == 200
    assert len(set(answers)) == 1
    assert max(work) - min(work) <= 2  # an address that changes hands


def test_who_has_an_account_is_told_by_mail_alone(city: City) -> None:
    confirmed(city, "co.roi@city.example")
    posted(city, "co.roi@city.example")
    mail = newest_mail(city, "co.roi@city.example")
    assert "đã có tài khoản" in mail.subject
    assert "token=" not in mails.filled(city.platform, mail.body)
    with city.platform.work() as work:
        assert people.authenticate(work, "co.roi@city.example", PASSWORD).confirmed_at is not None


def test_an_address_belongs_to_whoever_confirms_it(city: City) -> None:
    """Somebody signs up with another's address first; its owner is not locked out and inherits nothing."""
    thief = sign_up(city, "chu.nhan@city.example")
    stolen = thief.first_key.secret
    owner = sign_up(city, "chu.nhan@city.example")
    with city.platform.work() as work:
        assert accounts.confirm(work, token_of(city, "chu.nhan@city.example")).id == owner.user.id
    with city.platform.read() as work:
        found = people.find(work, "chu.nhan@city.example")
        assert found is not None
        assert found.id == owner.user.id
        seed = work.session.scalars(
            select(UserToken).where(UserToken.user_id == thief.user.id, UserToken.purpose == "confirm")
        ).all()
    assert len(seed) == 1  # a mail of its own went out, and cannot take the address any more
    with city.platform.work(SYSTEM) as work, pytest.raises(accounts.AddressTaken):
        accounts.own(work, work.session.get_one(User, thief.user.id))
    assert stolen


def test_a_reset_takes_an_account_from_whoever_made_it(city: City) -> None:
    thief = sign_up(city, "chu.nhan@city.example")
    with city.platform.work() as work:
        opened = sessions.start(work, work.session.get_one(User, thief.user.id), hours=1)
        accounts.ask_reset(work, "chu.nhan@city.example")
    with city.platform.work(caller_of(city, thief.user.id)) as work:
        (app,) = applications.listing(work)
        client = clients.create(work, app, "k", grants=["client_credentials"]).client.id
        webhooks.add(work, app, "https://thief.example/h")
    with city.platform.work() as work:
        accounts.reset(work, token_of(city, "chu.nhan@city.example"), "mật khẩu của chủ nhân")
    city.platform.part(Changes).look()
    problem_of(city.client().get(URL, headers={"X-Api-Key": thief.first_key.secret}), 401, "key_revoked")
    with city.platform.read() as work:
        assert sessions.resume(work, opened.token) is None
        assert clients.usable(work, client) is None
        assert work.session.query(WebhookEndpoint).filter_by(application_id=app.id).all() == []


@pytest.mark.parametrize("confirmed_before", [False, True])
def test_a_reset_takes_the_second_step_from_whoever_made_the_account(
    city: City, *, confirmed_before: bool
) -> None:
    """And leaves it to somebody whose address it was before."""
    person = sign_up(city, "chu.nhan@city.example").user.id
    with city.platform.work() as work:
        user = work.session.get_one(User, person)
        user.confirmed_at = work.now if confirmed_before else None
        secret, sealed = second_factor.offer(work, user)
        second_factor.turn_on(work, user, sealed, pyotp.TOTP(secret).now())
        accounts.ask_reset(work, "chu.nhan@city.example")
    with city.platform.work() as work:
        accounts.reset(work, token_of(city, "chu.nhan@city.example"), "mật khẩu của chủ nhân")
    with city.platform.read() as work:
        user = work.session.get_one(User, person)
        assert (user.totp_secret is not None) is confirmed_before
        assert second_factor.codes_left(work, user) == (second_factor.CODES if confirmed_before else 0)


@pytest.mark.parametrize("around", ["%s", "[%s", "[[%s", "a %s]]"])
def test_a_name_is_no_place_for_another_ones_link(city: City, around: str) -> None:
    """Whoever reads the mails could have another's link sent to himself."""
    victim = confirmed(city, "chu.nhan@city.example")
    with city.platform.work() as work:
        seed = tokens.mailed(work, accounts.RESET, life=accounts.RESET_LIFE, user_id=victim)
        place = mails.link("/reset", seed, "vi")
        signup.sign_up(work, "ke.trom@city.example", around % place, PASSWORD)
    sent = mails.filled(city.platform, newest_mail(city, "ke.trom@city.example").body)
    assert tokens.text_of(city.platform.part(Peppers), seed) not in sent
    assert len(re.findall("token=", sent)) == 1


def test_a_mail_whose_key_is_gone_says_so(city: City) -> None:
    with city.platform.work(SYSTEM) as work:
        place = mails.link("/reset", "gone:abc", "vi")
        mail = mails.post(work, "a@b.example", "vi", accounts.RESET_SUBJECT, accounts.RESET_BODY,
                          name="A", link=place)  # fmt: skip
    with pytest.raises(Unsealable):
        mails.deliver(city.platform, {"mail": mail.id})
    with city.platform.read(SYSTEM) as work:
        noted = mails.get(work, mail.id)
        assert (noted.problem, noted.attempts, noted.sent_at) == ("Unsealable", 1, None)


@pytest.mark.parametrize(
    "email",
    ["", "a", "a@", "@b", "a b@c.vn", "a@b@c.vn", "a@b.vn\nBcc: x@y.vn", "a@b.vn, c@d.vn", "<a@b.vn>"],
)
def test_what_is_no_address_is_refused(city: City, email: str) -> None:
    with city.platform.work() as work, pytest.raises(Invalid):
        signup.sign_up(work, email, "Người", PASSWORD)


# --- links ----------------------------------------------------------------------------------------


def test_the_mail_holds_no_key_and_its_copy_opens_nothing(city: City) -> None:
    account = sign_up(city, "nguoi@city.example")
    token = token_of(city, "nguoi@city.example")
    with city.platform.read() as work:
        bodies = work.session.scalars(select(Mail.body).where(Mail.to == "nguoi@city.example")).all()
        digests = work.session.scalars(select(UserToken.digest)).all()
    for body in bodies:
        assert token not in body
        assert account.first_key.secret not in body
        assert "hpd_live_" not in mails.filled(city.platform, body)
    assert all(token.encode() not in digest for digest in digests)


@pytest.mark.parametrize("purpose", ["confirm", "reset"])
def test_a_link_opens_once_for_its_purpose_in_its_time(city: City, purpose: str) -> None:
    sign_up(city, "nguoi@city.example")
    run_jobs(city)
    with city.platform.work() as work:
        accounts.ask_reset(work, "nguoi@city.example")
    if purpose == "confirm":
        with city.platform.work(SYSTEM) as work:
            accounts.ask_again(work, people.get(work, "nguoi@city.example"))
    token = token_of(city, "nguoi@city.example")

    def use() -> None:
        with city.platform.work() as work:
            if purpose == "confirm":
                accounts.confirm(work, token)
            else:
                accounts.reset(work, token, PASSWORD)

    other = {"confirm": "reset", "reset": "confirm"}[purpose]
    with city.platform.work() as work, pytest.raises(LinkEnded):
        tokens.take(work, other, token)
    chance = random.Random(SEED)
    for _ in range(20):
        place = chance.randrange(64)
        wrong = token[:place] + ("0" if token[place] != "0" else "1") + token[place + 1 :]
        with city.platform.work() as work, pytest.raises(LinkEnded):
            tokens.take(work, purpose, wrong)
    use()
    with pytest.raises(LinkEnded):
        use()


def test_a_link_ends(city: City) -> None:
    sign_up(city, "nguoi@city.example")
    token = token_of(city, "nguoi@city.example")
    city.platform.clock = lambda: datetime.now(UTC) + timedelta(days=7, seconds=1)
    with city.platform.work() as work, pytest.raises(LinkEnded):
        accounts.confirm(work, token)


def test_a_newer_link_ends_the_older_one(city: City) -> None:
    confirmed(city, "nguoi@city.example")
    held = []
    for _ in range(2):
        with city.platform.work() as work:
            accounts.ask_reset(work, "nguoi@city.example")
        held.append(token_of(city, "nguoi@city.example"))
    with city.platform.work() as work, pytest.raises(LinkEnded):
        accounts.reset(work, held[0], PASSWORD)
    with city.platform.work() as work:
        accounts.reset(work, held[1], PASSWORD)


def test_opening_a_link_changes_nothing_before_the_button(city: City) -> None:
    """Mail programs look at links by themselves."""
    person = sign_up(city, "nguoi@city.example").user.id
    token = token_of(city, "nguoi@city.example")
    client = city.client()
    for _ in range(2):
        page = client.get(f"/confirm?token={token}")
        assert page.status_code == 200
    with city.platform.read() as work:
        assert work.session.get_one(User, person).confirmed_at is None
    data = {"csrf_token": form_token(page.text), "token": token}
    assert client.post("/confirm", data=data).status_code == 200
    assert client.post("/confirm", data=data).status_code == 422


def test_forgetting_a_password_looks_alike_for_everybody(city: City) -> None:
    confirmed(city, "co.roi@city.example")
    client, seen = city.client(), []
    token = form_token(client.get("/forgot").text)
    for email in ("co.roi@city.example", "khong.co@city.example", "", "x" * 1000):
        with counted(city.platform) as statements:
            answer = client.post("/forgot", data={"csrf_token": token, "email": email})
        assert answer.status_code == 200
        seen.append((shape(answer.text, email[:320]) if email else "", len(statements)))
    assert seen[0] == seen[1]
    run_jobs(city)
    with city.platform.read() as work:
        sent = work.session.scalar(select(func.count()).where(Mail.to == "khong.co@city.example"))
    assert sent == 0


def test_a_reset_ends_every_session_and_tells(city: City) -> None:
    person = confirmed(city, "nguoi@city.example")
    with city.platform.work() as work:
        opened = sessions.start(work, work.session.get_one(User, person), hours=1)
        accounts.ask_reset(work, "nguoi@city.example")
    with city.platform.work() as work:
        accounts.reset(work, token_of(city, "nguoi@city.example"), "một mật khẩu khác hẳn")
    with city.platform.read() as work:
        assert sessions.resume(work, opened.token) is None
        assert people.authenticate(work, "nguoi@city.example", "một mật khẩu khác hẳn").id == person
        with pytest.raises(people.BadCredentials):
            people.authenticate(work, "nguoi@city.example", PASSWORD)
    assert "đã được đổi" in newest_mail(city, "nguoi@city.example").subject


def test_a_blocked_person_is_out_at_once(city: City) -> None:
    person = confirmed(city, "nguoi@city.example")
    with city.platform.work() as work:
        opened = sessions.start(work, work.session.get_one(User, person), hours=1)
    with city.platform.work(SYSTEM) as work:
        accounts.block(work, work.session.get_one(User, person), reason="lạm dụng")
    with city.platform.read() as work:
        assert sessions.resume(work, opened.token) is None
        with pytest.raises(people.BadCredentials):
            people.authenticate(work, "nguoi@city.example", PASSWORD)
    with city.platform.work(city.caller("admin")) as work, pytest.raises(NotAllowed):
        accounts.block(work, work.session.get_one(User, person), reason="x")


@pytest.mark.parametrize("owner", ["person", "department"])
def test_a_key_that_was_used_during_a_block_is_good_after_it(city: City, owner: str) -> None:
    with city.platform.work(city.caller("editor")) as work:
        body = work.session.get_one(Organization, city.own) if owner == "department" else None
        made = applications.create(work, "Máy nạp", organization=body, wanted=("read", "publish"))
        secret = keys.create(work, made, "khóa", wanted=("read", "publish")).secret
    changes, known = city.platform.part(Changes), city.platform.part(Authenticator)

    def rights() -> tuple[Any, Any]:
        changes.look()
        found = known.key(secret)
        return found.refusal, found.caller.roles.get(city.own)

    assert rights() == (None, "editor")
    with city.platform.work(SYSTEM) as work:
        accounts.block(work, work.session.get_one(User, city.users["editor"]), reason="nhầm")
    assert rights() == (credentials.AccountBlocked if owner == "person" else None, None)
    with city.platform.work(SYSTEM) as work:
        accounts.unblock(work, work.session.get_one(User, city.users["editor"]), reason="đã rõ")
    assert rights() == (None, "editor")


# --- organisations --------------------------------------------------------------------------------


def team_of(city: City, person: str, name: str = "Công ty Mẫu") -> str:
    with city.platform.work(caller_of(city, person)) as work:
        return teams.create(work, name).id


def test_an_organisation_of_developers_shares_applications_and_publishes_nothing(city: City) -> None:
    person, colleague = confirmed(city, "mot@c.example"), confirmed(city, "hai@c.example")
    team = team_of(city, person)
    with city.platform.work(caller_of(city, person)) as work:
        owner = work.session.get_one(Organization, team)
        app = applications.create(work, "chung", organization=owner).id
        invitations.invite(work, owner, "hai@c.example", "editor")
    token = token_of(city, "hai@c.example")
    with city.platform.work(caller_of(city, colleague)) as work:
        with pytest.raises(NotFound):
            applications.get(work, app)
        invitations.accept(work, token)
    with city.platform.work(caller_of(city, colleague)) as work:
        keys.create(work, applications.get(work, app), "của đồng nghiệp")
        members.assign(
            work, work.session.get_one(User, colleague), work.session.get_one(Organization, team), None
        )
    with city.platform.read(caller_of(city, colleague)) as work, pytest.raises(NotFound):
        applications.get(work, app)
    client = city.client()
    with city.platform.read() as work:
        slug = work.session.get_one(Organization, team).slug
    assert client.get(f"/organization/{slug}").status_code == 404
    assert client.get(f"/api/v1/organizations/{slug}").status_code == 404
    assert slug not in client.get("/api/v1/organizations?size=100").text
    assert caller_of(city, person).roles == {}


def test_only_confirmed_people_found_organisations(city: City) -> None:
    person = sign_up(city, "mot@c.example").user.id
    with city.platform.work(caller_of(city, person)) as work, pytest.raises(ConfirmFirst):
        teams.create(work, "Công ty")


def outcome(city: City, actor: str, before: str | None, after: str | None) -> str:
    """What happens when somebody of the department changes the role of another member."""
    with city.platform.work(SYSTEM) as work:
        own = work.session.get_one(Organization, city.own)
        target = work.session.get_one(User, city.users["spare"])
        for row in work.session.scalars(select(Membership).where(Membership.user_id == target.id)):
            work.session.delete(row)
        work.session.flush()
        if before:
            work.session.add(Membership(user_id=target.id, organization_id=own.id, role=before))
    try:
        with city.platform.work(city.caller(actor)) as work:
            target = work.session.get_one(User, city.users["spare"])
            members.assign(work, target, work.session.get_one(Organization, city.own), after)
    except NotAllowed as error:
        return type(error).__name__
    return "done"


def test_nobody_gives_or_takes_a_role_above_his_own(city: City) -> None:
    """AZ-02 over every actor, every role before and after."""
    states: list[str | None] = [None, *ROLES]
    for actor, before, after in itertools.product(
        ("member", "editor", "reviewer", "foreign"), states, states
    ):
        if before != after:
            assert outcome(city, actor, before, after) == "NotAllowed", (actor, before, after)
    for before, after in itertools.permutations(states, 2):
        right = "RoleNotHeld" if "admin" in (before, after) else "done"
        assert outcome(city, "admin", before, after) == right, (before, after)
        assert outcome(city, "operator", before, after) == "done", (before, after)


def test_nobody_raises_himself(city: City) -> None:
    for role in ("member", "editor", "reviewer"):
        for wanted in ROLES:
            with city.platform.work(city.caller(role)) as work:
                me = work.session.get_one(User, city.users[role])
                if wanted != role:
                    with pytest.raises(NotAllowed):
                        members.assign(work, me, work.session.get_one(Organization, city.own), wanted)


@pytest.mark.parametrize("by", ["admin", "operator"])
@pytest.mark.parametrize("after", [None, "member", "editor", "reviewer"])
def test_the_last_admin_stays(city: City, by: str, after: str | None) -> None:
    if by == "admin" and after is not None:
        expected: type[Exception] = RoleNotHeld  # a role above those he gives, his own included
    else:
        expected = LastAdmin
    with city.platform.work(city.caller(by)) as work:
        me = work.session.get_one(User, city.users["admin"])
        with pytest.raises(expected):
            members.assign(work, me, work.session.get_one(Organization, city.own), after)


def test_members_may_leave(city: City) -> None:
    for role in ("member", "editor", "reviewer"):
        with city.platform.work(city.caller(role)) as work:
            me = work.session.get_one(User, city.users[role])
            members.assign(work, me, work.session.get_one(Organization, city.own), None)
        assert city.caller(role).roles == {}


# --- invitations ----------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", ["member", "editor", "reviewer", "foreign"])
def test_only_admins_invite(city: City, actor: str) -> None:
    with city.platform.work(city.caller(actor)) as work, pytest.raises(NotAllowed):
        invitations.invite(work, work.session.get_one(Organization, city.own), "a@c.example", "member")


def test_an_admin_of_a_department_invites_below_himself(city: City) -> None:
    for role in ROLES:
        with city.platform.work(city.caller("admin")) as work:
            own = work.session.get_one(Organization, city.own)
            if role == "admin":
                with pytest.raises(RoleNotHeld):
                    invitations.invite(work, own, "a@c.example", role)
            else:
                invitations.invite(work, own, "a@c.example", role)


def invited(city: City, email: str, role: str = "editor") -> str:
    with city.platform.work(city.caller("admin")) as work:
        invitations.invite(work, work.session.get_one(Organization, city.own), email, role)
    return token_of(city, email)


def test_an_invitation_is_for_one_address_and_one_time(city: City) -> None:
    person, other = confirmed(city, "moi@c.example"), confirmed(city, "khac@c.example")
    token = invited(city, "Moi@C.example")
    with city.platform.work(caller_of(city, other)) as work, pytest.raises(OtherAddress):
        invitations.accept(work, token)
    with city.platform.work(caller_of(city, person)) as work:
        invitations.accept(work, token)
    assert caller_of(city, person).roles == {city.own: "editor"}
    with city.platform.work(caller_of(city, person)) as work, pytest.raises(LinkEnded):
        invitations.accept(work, token)
    again = invited(city, "moi@c.example", "reviewer")
    with city.platform.work(caller_of(city, person)) as work, pytest.raises(AlreadyMember):
        invitations.accept(work, again)


def test_the_rights_of_the_one_who_invited_count_when_it_is_accepted(city: City) -> None:
    person = confirmed(city, "moi@c.example")
    token = invited(city, "moi@c.example")
    with city.platform.work(SYSTEM) as work:
        own = work.session.get_one(Organization, city.own)
        members.assign(work, work.session.get_one(User, city.users["spare"]), own, "admin")
        members.assign(work, work.session.get_one(User, city.users["admin"]), own, "member")
    with city.platform.work(caller_of(city, person)) as work, pytest.raises(NotAllowed):
        invitations.accept(work, token)


def test_a_withdrawn_invitation_opens_nothing(city: City) -> None:
    person = confirmed(city, "moi@c.example")
    token = invited(city, "moi@c.example")
    with city.platform.work(city.caller("admin")) as work:
        own = work.session.get_one(Organization, city.own)
        for item in invitations.listing(work, own):
            invitations.withdraw(work, own, invitations.name_of(item))
    with city.platform.work(caller_of(city, person)) as work, pytest.raises(LinkEnded):
        invitations.accept(work, token)


def test_lists_of_members_are_for_members(still_city: City) -> None:
    """PRIV-02: addresses of people stand in no answer to others."""
    for role in ("anonymous", "foreign"):
        client = still_city.client(role)
        for path in ("members", "invitations"):
            answer = client.get(f"/api/v1/organizations/{still_city.own}/{path}")
            assert answer.status_code in {401, 404}
            assert "@" not in answer.text


def test_a_hash_by_cheaper_figures_is_made_anew_at_the_sign_in(city: City) -> None:
    email, cheap = "cu@city.example", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with city.platform.work(SYSTEM) as work:
        people.create(work, email, "Cũ", PASSWORD).password_hash = cheap.hash(PASSWORD)
    with pytest.raises(people.BadCredentials), city.platform.work() as work:
        people.authenticate(work, email, "another long password")
    seen = []
    for _ in range(3):
        with city.platform.work() as work:
            seen.append(people.get(work, email).password_hash or "")
            people.authenticate(work, email, PASSWORD)
    assert cheap.check_needs_rehash(seen[0]) is False
    assert PasswordHasher().check_needs_rehash(seen[1]) is False
    assert seen[1] == seen[2]
