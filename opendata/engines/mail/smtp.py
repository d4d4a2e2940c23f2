"""Mail over SMTP (RFC 5321), encrypted wherever it leaves the machine."""

import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from urllib.parse import SplitResult, unquote, urlsplit

from opendata.engines.mail.protocol import Message

SECONDS = 20
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Kept:
    """No server: mails stay where they are written down."""

    def send(self, _message: Message) -> bool:
        return False


class Smtp:
    """`smtp://` asks for STARTTLS and goes without only on this machine; `smtps://` begins with TLS."""

    def __init__(self, url: str) -> None:
        self._url: SplitResult = urlsplit(url)

    def send(self, message: Message) -> bool:
        with self._connected() as server:
            server.send_message(_written(message))
        return True

    def _connected(self) -> smtplib.SMTP:
        host = self._url.hostname or "localhost"
        if self._url.scheme == "smtps":
            secure = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, self._url.port or 465, timeout=SECONDS, context=secure
            )
        else:
            server = smtplib.SMTP(host, self._url.port or 587, timeout=SECONDS)
            self._protect(server, host)
        if self._url.username:
            server.login(unquote(self._url.username), unquote(self._url.password or ""))
        return server

    def _protect(self, server: smtplib.SMTP, host: str) -> None:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        elif host not in LOOPBACK:
            server.close()
            raise OSError("the mail server offers no encryption")


def _written(message: Message) -> EmailMessage:
    """Raises `ValueError` for a header that holds a line break."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = message.sender, message.to, message.subject
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = make_msgid(domain=message.sender.rpartition("@")[2] or None)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body)
    return mail
