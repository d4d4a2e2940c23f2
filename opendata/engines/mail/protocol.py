"""Sends mail, or keeps it."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Plain text. `sender` and `to` are addresses."""

    sender: str
    to: str
    subject: str
    body: str


class Mailer(Protocol):
    def send(self, message: Message) -> bool:
        """Whether it went out; False where mails are only kept. Raises `OSError` when it should be tried
        again."""
        ...
