"""Mails: written down in the transaction that gives the reason, sent by a job.

A stored body holds no link that opens something, but a place for it; the sender fills it. Only what `link`
gives is such a place: what people typed, their names for one, is never filled.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import select

from opendata.base.i18n import translations
from opendata.base.kit.errors import NotFound
from opendata.base.kit.secrets import Peppers
from opendata.base.models import Mail
from opendata.base.runtime import SYSTEM, Platform, Work, jobs
from opendata.engines.mail import Mailer, Message
from opendata.services.access import policy, tokens
from opendata.services.access.policy import Action

log = structlog.get_logger(__name__)
SEND = "mail.send"
_PLACE = re.compile(r"\[\[(/[a-z/-]*) ([0-9A-Za-z:_-]+)\]\]")
_BRACKET = re.compile(r"\[(?=\[)")


class Place(str):
    """Where the sender puts a link."""

    __slots__ = ()


def post(work: Work, to: str, locale: str, subject: str, body: str, /, **params: Any) -> Mail:
    """Write a mail; `subject` and `body` are message ids."""
    words = translations(locale).gettext
    settings = work.platform.settings
    named = {"portal": settings.portal_name_en if locale == "en" else settings.portal_name_vi, **params}
    named = {name: _harmless(value) for name, value in named.items()}
    mail = Mail(
        to=to,
        subject=(words(subject) % named)[:300],
        body=f"{words(body) % named}\n\n{named['portal']}\n{settings.base_url}\n",
        created=work.now,
    )
    work.session.add(mail)
    work.session.flush()
    jobs.enqueue(work, SEND, {"mail": mail.id})
    return mail


def _harmless(value: Any) -> Any:
    """A text that holds no place, unless it is one."""
    return _BRACKET.sub("[ ", value) if isinstance(value, str) and not isinstance(value, Place) else value


def link(path: str, seed: str, locale: str) -> Place:
    """The place in a body for a link to a page with the token of `seed`."""
    return Place(f"[[{'/en' if locale == 'en' else ''}{path} {seed}]]")


def filled(platform: Platform, body: str) -> str:
    """The body as it is sent. Raises `Unsealable` where the key of a link is gone."""
    peppers, base = platform.part(Peppers), platform.settings.base_url.rstrip("/")
    return _PLACE.sub(lambda place: f"{base}{place[1]}?token={tokens.text_of(peppers, place[2])}", body)


def deliver(platform: Platform, arguments: Mapping[str, Any]) -> None:
    """The job that sends one mail. Raises what should be tried again."""
    with platform.read(SYSTEM) as work:
        mail = work.session.get(Mail, arguments["mail"])
        if mail is None or mail.sent_at is not None:
            return
    sender = platform.settings.mail_from or platform.settings.contact_email
    try:
        body = filled(platform, mail.body)
        sent = platform.part(Mailer).send(Message(sender=sender, to=mail.to, subject=mail.subject, body=body))
    except (OSError, ValueError) as error:
        _note(platform, mail.id, problem=type(error).__name__)
        raise
    if sent:
        _note(platform, mail.id, problem=None)
    else:
        log.info("mail.kept", mail=mail.id)


def _note(platform: Platform, mail_id: int, *, problem: str | None) -> None:
    with platform.work(SYSTEM) as work:
        mail = work.session.get_one(Mail, mail_id)
        mail.attempts += 1
        mail.problem = problem
        mail.sent_at = None if problem else work.now


def listing(work: Work, *, limit: int = 50) -> Sequence[Mail]:
    """The newest mails, for operators."""
    policy.require(work.caller, Action.PLATFORM)
    return work.session.scalars(select(Mail).order_by(Mail.id.desc()).limit(limit)).all()


def get(work: Work, mail_id: int) -> Mail:
    policy.require(work.caller, Action.PLATFORM)
    mail = work.session.get(Mail, mail_id)
    if mail is None:
        raise NotFound
    return mail
