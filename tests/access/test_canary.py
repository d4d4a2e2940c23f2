"""No key, token, password or code stands in a log, an error, a mail or a copy of the database."""

import logging
import re
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import select

from opendata.assembly import assemble, configure_logging
from opendata.base.kit import secrets
from opendata.base.models import Base
from opendata.base.runtime.database import is_shared
from opendata.doors.api.openapi import operations
from opendata.doors.http import gate, identity
from opendata.services.access import accounts, keys, mails, sessions, signup
from opendata.services.access.authenticator import Authenticator
from opendata.services.access.credentials import Credential
from opendata.services.access.keys import NewKey
from opendata.testing.web import City, build_city, close_city

PASSWORD = "mật khẩu chim hoàng yến"


@pytest.fixture
def loud(engines: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """A city that logs everything it can."""
    city = build_city(tmp_path / "city")
    configure_logging(replace(city.platform.settings, log_level="DEBUG"))
    logging.getLogger().setLevel(logging.DEBUG)
    yield city
    logging.getLogger().setLevel(logging.WARNING)
    configure_logging(city.platform.settings)
    close_city(city, tmp_path / "city")


def dumped(city: City) -> bytes:
    """Everything the database holds, as text, and as raw pages where it is a file."""
    if is_shared(city.platform.engine):
        with city.platform.engine.connect() as connection:
            rows = [connection.execute(select(table)).all() for table in Base.metadata.sorted_tables]
        return repr(rows).encode()
    database = city.platform.settings.data / "opendata.db"
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        text = "\n".join(connection.iterdump()).encode()
    return text + database.read_bytes()


def test_a_key_on_every_route_is_seen_nowhere(
    loud: City, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Good, wrong and unknown keys, in every place, in paths and bodies too."""
    with loud.platform.work() as work:
        account = signup.sign_up(work, "chim@city.example", "Chim", PASSWORD)
        cookie = sessions.start(work, account.user, hours=1).token
    good = account.first_key.secret
    unknown = secrets.draw("hpd", "live")
    client = loud.client()
    document = client.get("/api/v1/openapi.json").get_json()
    told: list[str] = []
    for method, path, _ in operations(document):
        for secret in (good, unknown):
            address = re.sub(r"{\w+}", secret, path)
            for arguments in (
                {"headers": {"X-Api-Key": secret}, "json": {"name": secret, "x": secret}},
                {"headers": {"Authorization": f"Bearer {secret}"}},
                {"query_string": {"api_key": secret}},
                {"query_string": {"q": secret, "lang": secret}},
            ):
                answer = getattr(client, method)(
                    address, **(arguments if method != "get" else {**arguments, "json": None})
                )
                told.append(answer.text)
                assert answer.status_code < 500
        loud.app.extensions[gate.MISSES].forgive("127.0.0.1")
    logging.getLogger("somebody").warning("called with %s", good)
    try:
        int(good)
    except ValueError:
        logging.getLogger("somebody").exception("failed")
        structlog.get_logger("ours").exception("failed", key=good, deep={"a": [good, {good: good}]})
    written = capsys.readouterr()
    seen = written.out + written.err + caplog.text
    for secret in (good, unknown):
        assert secret[15:] not in seen
        assert secret[15:].encode() not in dumped(loud)
    assert good[:15] in seen  # cut, not lost
    assert cookie not in seen
    assert cookie.encode() not in dumped(loud)
    assert PASSWORD not in seen
    problems = [text for text in told if '"code"' in text]
    assert not [text for text in problems if f'"instance":"/api/v1/datasets/{good}' in text]


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
    assert found[1].encode() not in dumped(loud)


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
