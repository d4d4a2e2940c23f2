"""Keys and mails on the command line do what the pages do."""

import pytest

from opendata.doors.cli.console import Console
from opendata.doors.cli.invocation import Invocation
from opendata.services.access.authenticator import Authenticator


@pytest.fixture
def person(terminal):
    terminal.ok("user", "create", "an@x.example", "An", "--password-stdin", stdin="mat-khau-dau-tien\n")
    return terminal


def who(terminal, secret: str):
    platform = Console(Invocation(settings=terminal.installed)).platform
    try:
        return platform.part(Authenticator).key(secret)
    finally:
        platform.close()


def test_a_key_is_made_listed_replaced_and_revoked(person) -> None:
    made = person.json(
        "key", "create", "an@x.example", "--name", "máy", "--cidr", "10.0.0.0/8", "--days", "30"
    )
    credential = who(person, made["secret"])
    assert sorted(credential.scopes) == ["download", "query", "read"]
    assert str(credential.networks[0]) == "10.0.0.0/8"
    (listed,) = person.json("key", "list", "an@x.example")
    assert (listed["id"], listed["name"], listed["app"]) == (made["id"], "máy", "default")
    assert made["secret"] not in str(listed)
    fresh = person.json("key", "rotate", made["id"], "--overlap", "1")
    assert who(person, made["secret"]).replaced
    assert not who(person, fresh["secret"]).replaced
    assert person.call("key", "revoke", fresh["id"]) == 2  # it takes a reason
    person.ok("key", "revoke", fresh["id"], "--reason", "lộ")
    assert who(person, fresh["secret"]).refusal is not None
    assert person.call("key", "revoke", "key_khong_co", "--reason", "x") == 1


def test_the_key_alone_goes_to_standard_output(person) -> None:
    person.ok("key", "create", "an@x.example")
    (line,) = person.out.splitlines()
    assert line.startswith("hpd_live_")
    assert line not in person.err


def test_a_key_gets_no_scope_its_person_does_not_hold(person) -> None:
    assert person.call("key", "create", "an@x.example", "--scope", "publish") == 1
    assert "hpd_" not in person.out


def test_a_blocked_account_takes_its_keys_along(person) -> None:
    made = person.json("key", "create", "an@x.example")
    person.ok("user", "block", "an@x.example", "--reason", "lạm dụng")
    assert who(person, made["secret"]).refusal is not None
    assert person.call("user", "unblock", "an@x.example") == 2
    person.ok("user", "unblock", "an@x.example", "--reason", "đã rõ")
    assert who(person, made["secret"]).refusal is None


def test_kept_mails_are_listed_and_shown_with_their_link(terminal) -> None:
    from opendata.services.access import accounts, signup

    platform = Console(Invocation(settings=terminal.installed)).platform
    with platform.work() as work:
        person = signup.sign_up(work, "moi@x.example", "Mới", "mat-khau-dau-tien").user.id
    accounts.welcome(platform, {"user": person})
    platform.close()
    mail = terminal.json("mail", "list")[0]
    assert (mail["to"], mail["state"]) == ("moi@x.example", "kept")
    assert "token" not in str(mail)
    terminal.ok("mail", "show", str(mail["id"]))
    assert "/confirm?token=" in terminal.out
    assert "hpd_live_" not in terminal.out
