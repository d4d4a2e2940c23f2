"""Mail: over SMTP, or kept where no server is set."""

from opendata.engines.mail.protocol import Mailer, Message
from opendata.engines.mail.smtp import Kept, Smtp

__all__ = ["Mailer", "Message", "open_mailer"]


def open_mailer(url: str) -> Mailer:
    return Smtp(url) if url else Kept()
