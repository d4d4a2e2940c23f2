"""What is mailed, and things that hold a secret: neither tells it to a log, an error or the database."""

import re
from pathlib import Path

import pytest

from opendata.assembly import assemble
from opendata.base.kit import secrets
from opendata.doors.http import gate, identity
from opendata.services.access import accounts, keys, mails, signup
from opendata.services.access.authenticator import Authenticator
from opendata.services.access.credentials import Credential
from opendata.services.access.keys import NewKey
from opendata.testing.keeping import kept
from opendata.testing.web import City, build_city, close_city

PASSWORD = "mật khẩu chim hoàng yến"


def test_links_of_mails_are_seen_nowhere(loud: City, capsys: pytest.CaptureFixture[str]) -> None:
    with loud.platform.work() as work:
        person = signup.sign_up(work, "chim@city.example", "Chim", PASSWORD).user.id
    accounts.welcome(loud.platform, {"user": person})
    with loud.platform.read() as work:
        mail = work.session.query(mails.Mail).order_by(mails.Mail.id.desc()).first()
    assert mail is not None
    found = re.search(r"token=(\w+)", mails.filled(loud.platform, mail.body))
    assert found is not None
    mails.deliver(loud.platform, {"mail": mail.id})
    written = capsys.readouterr()
    assert found[1] not in written.out + written.err
    assert [name for name, content in kept(loud) if found[1].encode() in content] == []


def test_things_that_hold_a_secret_do_not_print_it(city: City) -> None:
    with city.platform.work(city.caller("admin")) as work:
        found = keys.applications.create(work, "a")
        made = keys.create(work, found, "k")
    secret = made.secret
    shown = gate.Presented("key", secret)
    for thing in (
        made,
        shown,
        city.platform.part(Authenticator).key(secret),
        city.platform.part(secrets.Peppers),
    ):
        for text in (repr(thing), str(thing)):
            assert secret[15:] not in text
    assert "bytes" not in repr(city.platform.part(secrets.Peppers))
    assert isinstance(made, NewKey)
    assert Credential.__dataclass_fields__.keys().isdisjoint({"text", "secret", "digest"})
    assert identity.COOKIE


def test_the_file_of_the_pepper_is_for_its_owner_alone(engines: None, tmp_path: Path) -> None:
    city = build_city(tmp_path / "city")
    kept = tmp_path / "city" / "peppers"
    assert kept.stat().st_mode & 0o077 == 0
    before = city.platform.part(secrets.Peppers).current
    again = assemble(city.platform.settings)
    assert again.part(secrets.Peppers).current == before
    assert again.part(secrets.Peppers).digest("x") == city.platform.part(secrets.Peppers).digest("x")
    again.close()
    close_city(city, tmp_path / "city")
